#include "apps/commands/pretrain_model.h"

#include "apps/flags.h"
#include "core/atomic_file.h"
#include "core/error.h"

namespace attend {

void add_pretrain_model(CLI::App& command, PretrainModel& model, const PretrainModelHelp& help) {
  std::string presets;
  for (const std::string& name : help.presets) presets += (presets.empty() ? "" : "|") + name;
  command.add_option("--preset", model.preset, help.sizes)->type_name(presets)->capture_default_str();
  command.add_option("--set", model.settings, "field=value: any field of the model's configuration")->type_name("FIELD=VALUE");
  add_field_flag(command, "--dropout", model.dropout, "dropout of the model");
  command.add_option("--tokenizer", model.tokenizer, "folder with " + help.tokenizer + "; without it one is learnt from the training text");
  add_field_flag(command, "--vocab-size", model.vocab_size,
                 "ids of a learnt tokenizer, at most [" + std::to_string(kLearntVocabSize) + "]");
}

void check_settings(const PretrainModel& model, std::initializer_list<const char*> decided_by_tokenizer) {
  for (std::string setting : model.settings) {
    for (std::size_t i = 0; i < setting.size() && setting[i] != '='; ++i)
      if (setting[i] == '-') setting[i] = '_';  // either is understood
    for (const char* field : decided_by_tokenizer)
      if (setting.starts_with(std::string(field) + "="))
        throw UserError("--set " + setting + " has no effect: the tokenizer decides it", "leave it out");
    if (setting.starts_with("dropout=") && model.dropout) throw UserError("both --dropout and --set dropout are given", "leave one out");
  }
}

std::filesystem::path prepare_tokenizer(const TrainingRun& run, const PretrainModel& model, const TokenizerSource& source) {
  const bool learnt = model.tokenizer.empty();
  if (!learnt && (model.vocab_size || source.learning_flag_given))
    throw UserError("--vocab-size and " + source.learning_flag + " have no effect with --tokenizer",
                    "leave them out, or leave --tokenizer out to learn one");
  const auto folder = run.output / "tokenizer";
  const bool may_be_there = run.resume || !run.ranks->is_first();  // the first process has made it
  if (may_be_there && folder_is_complete(folder, CheckHashes::kYes)) return folder;
  write_folder_atomically(folder, learnt ? source.learn : source.copy);
  return folder;
}

void record_settings(const PretrainModel& model, Json& settings) {
  settings["preset"] = model.preset;
  if (!model.settings.empty()) settings["set"] = model.settings;
  if (model.dropout) settings["dropout"] = *model.dropout;
  if (!model.tokenizer.empty()) settings["tokenizer"] = model.tokenizer.string();
  if (model.vocab_size) settings["vocab_size"] = *model.vocab_size;
}

}  // namespace attend
