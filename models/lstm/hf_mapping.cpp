// Folders of an LSTM: nobody else has this model, so tensors keep our names, and model_type says whose it is.
#include <torch/torch.h>

#include "core/error.h"
#include "models/lstm/model.h"
#include "models/model_folder.h"

namespace attend {

NameRules lstm_name_rules(const LstmModel& model) {
  NameRules names;
  for (const auto& parameter : model.named_parameters()) names.rules.push_back({.ours = parameter.key(), .theirs = {parameter.key()}});
  return names;
}

void LstmModel::save(const std::filesystem::path& folder) const { save_model(*this, lstm_name_rules(*this), folder); }

std::shared_ptr<Seq2SeqModel> load_lstm(const ModelFolder& folder) {
  const OpenFolder<LstmConfig> source(folder, lstm_from_hf);
  const auto model = std::make_shared<LstmModel>(source.config, LstmModel::Start::kUnset);
  if (folder.options.precision != Precision::kFloat32)
    throw UserError(
        folder.path.string() + ": an LSTM answers in float32; --precision is " + std::string(enum_name(folder.options.precision)),
        "leave --precision out");
  return filled(model, lstm_name_rules(*model), source.file, folder.options);
}

}  // namespace attend
