#include "apps/command_table.h"

#include "apps/commands/answer.h"
#include "apps/commands/average.h"
#include "apps/commands/bench.h"
#include "apps/commands/classify.h"
#include "apps/commands/completion.h"
#include "apps/commands/data_make.h"
#include "apps/commands/demo.h"
#include "apps/commands/embed.h"
#include "apps/commands/evaluate.h"
#include "apps/commands/fill_mask.h"
#include "apps/commands/finetune.h"
#include "apps/commands/inspect.h"
#include "apps/commands/metric.h"
#include "apps/commands/pretrain.h"
#include "apps/commands/tag.h"
#include "apps/commands/tokenizer.h"
#include "apps/commands/translate.h"

namespace attend {

void add_commands(CLI::App& app) {
  add_demo(app);
  add_tokenizer(app);
  add_pretrain(app);
  add_finetune(app);
  add_translate(app);
  add_classify(app);
  add_tag(app);
  add_answer(app);
  add_fill_mask(app);
  add_next_sentence(app);
  add_embed(app);
  add_evaluate(app);
  add_metric(app);
  add_average(app);
  add_inspect(app);
  add_bench(app);
  add_data(app);
  add_completion(app);
}

}  // namespace attend
