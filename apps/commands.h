// Every command by the function that adds it to its parent, with its flags and its help. What a command does stands in
// apps/commands/<name>.cpp; a header of that name declares only what other files call. How one is written: apps/command.h.
#pragma once

#include <CLI/CLI.hpp>

namespace attend {

/// All of `attend`'s commands, in the order of its help.
void add_commands(CLI::App& app);

void add_demo(CLI::App& app);

/// `attend tokenizer train|encode|decode`.
void add_tokenizer(CLI::App& app);
void add_tokenizer_train(CLI::App& tokenizer);

/// `attend pretrain transformer|lstm|bert|gpt`.
void add_pretrain(CLI::App& app);
void add_pretrain_transformer(CLI::App& pretrain);
void add_pretrain_lstm(CLI::App& pretrain);
void add_pretrain_bert(CLI::App& pretrain);
void add_pretrain_gpt(CLI::App& pretrain);

/// `attend finetune classify|tag|answer|translate|lm`, and regress.
void add_finetune(CLI::App& app);
void add_finetune_classify(CLI::App& finetune);
void add_finetune_tag(CLI::App& finetune);
void add_finetune_answer(CLI::App& finetune);
void add_finetune_translate(CLI::App& finetune);
void add_finetune_lm(CLI::App& finetune);

void add_translate(CLI::App& app);
void add_classify(CLI::App& app);
void add_tag(CLI::App& app);
void add_answer(CLI::App& app);
void add_fill_mask(CLI::App& app);
void add_next_sentence(CLI::App& app);
void add_generate(CLI::App& app);
void add_prompt(CLI::App& app);
void add_score(CLI::App& app);
void add_attention(CLI::App& app);
void add_embed(CLI::App& app);

/// `attend evaluate translate|classify|regress|mlm|next-sentence|tag|answer|lm|few-shot`.
void add_evaluate(CLI::App& app);
void add_evaluate_classify(CLI::App& evaluate);
void add_evaluate_masked(CLI::App& evaluate);
void add_evaluate_tag(CLI::App& evaluate);
void add_evaluate_answer(CLI::App& evaluate);
void add_evaluate_lm(CLI::App& evaluate);
void add_evaluate_few_shot(CLI::App& evaluate);

/// `attend metric bleu|chrf|ter`.
void add_metric(CLI::App& app);
void add_average(CLI::App& app);
void add_inspect(CLI::App& app);
void add_verify(CLI::App& app);
void add_report(CLI::App& app);

/// `attend bench train|translate|classify|generate|tokenize|attention`.
void add_bench(CLI::App& app);
void add_bench_attention(CLI::App& bench);
void add_bench_classify(CLI::App& bench);
void add_bench_generate(CLI::App& bench);
void add_bench_tokenize(CLI::App& bench);

/// `attend data make`.
void add_data(CLI::App& app);
void add_completion(CLI::App& app);

}  // namespace attend
