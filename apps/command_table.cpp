#include "apps/command_table.h"

#include "apps/commands/completion.h"
#include "apps/commands/inspect.h"

namespace attend {

void add_commands(CLI::App& app) {
  add_inspect(app);
  add_completion(app);
}

}  // namespace attend
