// What every family does with its folder: opening, filling, saving.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <torch/torch.h>

#include "core/safetensors.h"
#include "models/layers/linear.h"
#include "models/model.h"
#include "models/name_rules.h"
#include "models/task_labels.h"

namespace attend {

/// A folder's tensors and the sizes of the model that they are of.
template <class Config>
struct OpenFolder {
  SafetensorsReader file;
  Config config;

  /// `from_hf` reads config.json. Throws UserError, also where the file holds too few numbers for such a model.
  OpenFolder(const ModelFolder& folder, Config (*from_hf)(const Json&, const std::string&))
      : file(SafetensorsReader::open_folder(folder.path)), config(from_hf(folder.config, (folder.path / "config.json").string())) {
    require_parameters(file, config.least_parameters(), (folder.path / "config.json").string());
  }
  bool has(const std::string& name) const { return file.tensors().contains(name); }
};

/// The model with the file's parameters, ready to answer. Says what was left out and what is drawn. Throws UserError.
template <class AnyModel>
std::shared_ptr<AnyModel> filled(std::shared_ptr<AnyModel> model, const NameRules& names, const SafetensorsReader& file,
                                 const LoadOptions& options) {
  report_import(import_tensors(*model, names, file), file.name());
  model->to(options.device);
  model->eval();
  if (const auto format = panel_format(options.precision)) model->pack(*format);
  return model;
}

/// A model that transformers has not names no class of its: programs that go by `architectures` refuse it, as others do by model_type.
inline Json with_own_architectures(Json config) {
  if (config.at("model_type").get_ref<const std::string&>().starts_with("attend-"))
    for (Json& name : config.at("architectures")) name = "Attend" + name.get<std::string>();
  return config;
}

/// config.json and model.safetensors.
inline void save_model(const Model& model, const NameRules& names, const std::filesystem::path& folder) {
  for (const auto& module : model.modules()) {
    const auto* linear = module->as<LinearImpl>();
    TORCH_CHECK(linear == nullptr || !linear->is_packed(), "a model whose weights are packed cannot be saved");
  }
  write_json_file(folder / "config.json", with_own_architectures(model.hf_config()));
  write_tensors(folder / "model.safetensors", export_tensors(model, names));
}

/// The names of a bare model, which have no prefix.
inline NameRules without_prefix(NameRules names) {
  for (NameRule& rule : names.rules)
    for (std::string& name : rule.theirs) name.erase(0, names.base_prefix.size());
  return names;
}

}  // namespace attend
