#include "training/model_card.h"

#include <sstream>

#include "core/atomic_file.h"
#include "core/field_io.h"

namespace attend {
namespace {

std::string with_folder(std::string usage, const std::string& folder) {
  const std::string mark = "{folder}";
  for (std::size_t at = usage.find(mark); at != std::string::npos; at = usage.find(mark, at + folder.size()))
    usage.replace(at, mark.size(), folder);
  return usage;
}

void write_metrics(std::ostream& out, const ModelCard& card) {
  if (card.metrics.empty()) return;
  out << "## Results on the validation data\n\n| metric | value |\n| --- | --- |\n";
  for (const auto& [name, value] : card.metrics.items()) {
    out << "| " << name << " | ";
    if (value.is_number())
      out << value.get<double>();
    else
      out << "not finite";
    out << " |\n";
  }
  out << "\n";
}

}  // namespace

void write_model_card(const std::filesystem::path& folder, const ModelCard& card) {
  std::ostringstream out;
  out.precision(6);
  out << "---\nlibrary_name: transformers\n";
  if (!card.facts.library_tag.empty()) out << "pipeline_tag: " << card.facts.library_tag << "\n";
  out << "tags:\n- attend\n---\n\n# " << card.facts.title << "\n\n";
  out << "Trained by `" << card.command << "` for " << card.steps << " steps on " << card.tokens << " tokens";
  if (card.averaged > 0) out << "; the weights are the mean of the last " << card.averaged << " checkpoints";
  out << ".\n\n## Use\n\n```\n" << with_folder(card.facts.usage, folder.string()) << "\n```\n\n";
  write_metrics(out, card);
  out << "## Data\n\n| what | file |\n| --- | --- |\n";
  for (const auto& [name, value] : card.facts.data) out << "| " << name << " | `" << value << "` |\n";
  out << "\n## Settings\n\n```toml\n" << json_to_toml(card.settings) << "```\n";
  write_file_atomically(folder / "README.md", out.str());
}

}  // namespace attend
