#include "apps/command_table.h"

#include "apps/commands/completion.h"
#include "apps/commands/inspect.h"
#include "apps/commands/metric.h"
#include "apps/commands/tokenizer.h"

namespace attend {

void add_commands(CLI::App& app) {
  add_tokenizer(app);
  add_metric(app);
  add_inspect(app);
  add_completion(app);
}

}  // namespace attend
