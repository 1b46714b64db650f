#include "inference/folder_checks.h"

#include <algorithm>
#include <functional>

#include <torch/torch.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json.h"
#include "core/safetensors.h"
#include "inference/folders.h"
#include "models/tensor_io.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

FolderCheck check_manifest(const fs::path& folder) {
  FolderCheck check{.name = "manifest", .found = "", .faults = {}};
  if (!fs::is_regular_file(folder / "manifest.json")) {
    check.found = "none: there are no sizes and hashes to compare with";
    return check;
  }
  check.faults = manifest_faults(folder, CheckHashes::kYes);
  check.found = "sizes and SHA-256 of the files are compared";
  return check;
}

/// Every file of tensors in the folder: the model's, or its shards, and the optimizer's.
FolderCheck check_weights(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == ".safetensors") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  FolderCheck check{.name = "weights", .found = "", .faults = {}};
  std::int64_t tensors = 0, numbers = 0;
  for (const fs::path& file : files) {
    const SafetensorsReader reader(file);
    for (const auto& [name, view] : reader.tensors()) {
      ++tensors;
      const torch::Tensor values = tensor_over(view, file.string() + ": " + name);
      numbers += values.numel();
      if (!values.is_floating_point()) continue;
      if (const std::int64_t wrong = values.numel() - torch::isfinite(values).sum().item<std::int64_t>(); wrong > 0)
        check.faults.push_back(file.filename().string() + ": " + name + " has " + std::to_string(wrong) + " of " +
                               std::to_string(values.numel()) + " numbers that are NaN or infinite");
    }
  }
  check.found = std::to_string(tensors) + " tensors in " + std::to_string(files.size()) + (files.size() == 1 ? " file, " : " files, ") +
                std::to_string(numbers) + " numbers" + (check.faults.empty() ? ", all finite" : "");
  return check;
}

/// The class in transformers that the folder is of, "BertForMaskedLM"; "" where it names none.
std::string class_name(const fs::path& folder) {
  const Json config = read_json_file(folder / "config.json");
  const auto found = config.find("architectures");
  return found != config.end() && found->is_array() && !found->empty() && found->front().is_string() ? found->front().get<std::string>()
                                                                                                     : "";
}

/// The model with the head that its folder names, or without one.
std::shared_ptr<Model> load_any(const fs::path& folder) {
  if (is_seq2seq(folder)) return load_seq2seq(folder);
  const std::string name = class_name(folder);
  if (name.ends_with("ForSequenceClassification")) return load_sequence_classifier(folder, {}, std::nullopt);
  if (name.ends_with("ForTokenClassification")) return load_token_classifier(folder, {}, TokenTask::kTags, std::nullopt);
  if (name.ends_with("ForQuestionAnswering")) return load_token_classifier(folder, {}, TokenTask::kAnswers, std::nullopt);
  if (name.ends_with("ForMaskedLM") || name.ends_with("ForPreTraining")) return load_masked_language_model(folder);
  if (name.ends_with("LMHeadModel")) return load_causal_language_model(folder);
  return load_text_encoder(folder);
}

std::string ids_of(std::int64_t tokenizer, std::int64_t model) {
  return std::to_string(tokenizer) + " ids, the model has " + std::to_string(model);
}

/// Sets `found` to how many ids each side has. Throws UserError where the tokenizer has more than the model.
void check_tokenizer(const fs::path& folder, const Model& model, std::string& found) {
  if (const auto* seq2seq = dynamic_cast<const Seq2SeqModel*>(&model)) {
    const auto tokenizer = load_marian_tokenizer(folder);
    const std::int64_t source = tokenizer->source().vocab_size(), target = tokenizer->target().vocab_size();
    found = "source " + ids_of(source, seq2seq->source_vocab_size()) + "; target " + ids_of(target, model.vocab_size());
    require_vocabulary(seq2seq->source_vocab_size(), source, "source ");
    require_vocabulary(model.vocab_size(), target, "target ");
    return;
  }
  const std::int64_t ids = is_causal(folder) ? load_byte_bpe(folder)->vocab_size() : load_encoder(folder)->vocab_size();
  found = ids_of(ids, model.vocab_size());
  require_vocabulary(model.vocab_size(), ids);
}

}  // namespace

std::vector<FolderCheck> check_folder(const fs::path& folder) {
  std::vector<FolderCheck> checks;
  const auto look = [&](const char* name, const std::function<void(FolderCheck&)>& work) {
    FolderCheck check{.name = name, .found = "", .faults = {}};
    try {
      work(check);
    } catch (const UserError& error) {
      check.faults.emplace_back(error.what());
    } catch (const StorageError& error) {
      check.faults.emplace_back(error.what());
    } catch (const fs::filesystem_error& error) {
      check.faults.emplace_back(error.what());
    }
    checks.push_back(std::move(check));
  };
  std::shared_ptr<Model> model;
  look("manifest", [&](FolderCheck& check) { check = check_manifest(folder); });
  look("weights", [&](FolderCheck& check) { check = check_weights(folder); });
  look("model", [&](FolderCheck& check) {
    model = load_any(folder);
    const std::string name = class_name(folder);
    check.found = (name.empty() ? "no class is named" : name) + ", every tensor there in its shape";
  });
  if (model) look("tokenizer", [&](FolderCheck& check) { check_tokenizer(folder, *model, check.found); });
  if (fs::exists(folder / "trainer_state.json"))
    look("training", [&](FolderCheck& check) {
      const Json state = read_json_file(folder / "trainer_state.json");
      const std::string name = (folder / "trainer_state.json").string();
      if (!state.is_object() || !state.contains("step")) throw UserError(name + ": no \"step\"");
      check.found = "step " + std::to_string(json_integer(state["step"], name, "step"));
      if (!fs::is_regular_file(folder / "optimizer.safetensors")) check.faults.emplace_back("there is no optimizer.safetensors");
    });
  return checks;
}

}  // namespace attend
