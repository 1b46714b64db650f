#include "apps/commands.h"

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
  add_generate(app);
  add_prompt(app);
  add_score(app);
  add_attention(app);
  add_embed(app);
  add_evaluate(app);
  add_metric(app);
  add_average(app);
  add_inspect(app);
  add_verify(app);
  add_report(app);
  add_bench(app);
  add_data(app);
  add_completion(app);
}

}  // namespace attend
