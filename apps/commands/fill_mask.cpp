#include "apps/commands/fill_mask.h"

#include <algorithm>
#include <memory>
#include <ostream>

#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "inference/folders.h"
#include "inference/mask_filler.h"
#include "metrics/score.h"

namespace attend {
namespace {

struct NextSentenceOptions : LineOptions {};

std::string answer_text(const FilledMasks& answer, bool as_json) {
  Json json = Json::array();
  std::string text;
  for (const auto& candidates : answer.masks) {
    Json list = Json::array();
    text += text.empty() ? "" : " ||| ";
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      list.push_back({{"token", candidates[i].token}, {"probability", candidates[i].probability}});
      text += (i ? "\t" : "") + candidates[i].token + "\t" + fixed_decimals(candidates[i].probability, 6);
    }
    json.push_back(list);
  }
  return as_json ? one_line(Json{{"masks", json}}) : text;
}

std::string answer_text(const NextSentence& answer, bool as_json) {
  const double next = answer.probability;
  const std::string label = next >= 0.5 ? "next" : "not-next";
  return as_json ? one_line(Json{{"label", label}, {"scores", {{"next", next}, {"not-next", 1 - next}}}})
                 : label + "\t" + fixed_decimals(std::max(next, 1 - next), 6);
}

// What model and tokenizer lack is the folder's fault.
template <class Make>
auto of_folder(const std::filesystem::path& folder, const Make& make) {
  try {
    return make();
  } catch (const UserError& error) {
    throw UserError(folder.string() + ": " + error.what(), error.hint());
  }
}

/// next<TAB>probability or not-next<TAB>probability for each line of first<TAB>second.
int run_next_sentence(const NextSentenceOptions& options, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  auto model = load_masked_language_model(options.model, loading);
  auto encoder = load_encoder(options.model);
  const NextSentenceJudge judge =
      of_folder(options.model, [&] { return NextSentenceJudge(std::move(model), std::move(encoder), options.max_length); });
  tell_folder(judge.warnings());
  TextInput input(options.text, in, "Type two texts with a TAB between; Ctrl-D ends.");
  LineWarnings told;
  const auto answer_window = [&](const std::vector<InputLine>& lines) {
    const auto found = judge.judge(texts_of(lines));
    std::vector<std::string> answers;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      told.tell(lines[i].number, found[i].warnings, found[i].unknown);
      answers.push_back(answer_text(found[i], options.common.json));
    }
    return answers;
  };
  answer_lines(input, out, answer_window, kWindowLines, empty_answer(options.common.json));
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_fill_mask(CLI::App& app) {
  auto options = std::make_shared<FillMaskOptions>();
  CLI::App* command = app.add_subcommand("fill-mask", "The likeliest words for each [MASK], a line a line");
  add_line_flags(*command, *options, "text with [MASK]");
  add_field_flag(*command, "--top", options->top, "words for each mask")->check(positive_number());
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "The masks of a line are separated by ' ||| '.\n"
      "Examples:\n"
      "  echo 'The film was [MASK].' | attend fill-mask --model runs/bert --top 5\n"
      "  attend fill-mask --model runs/bert --json < masked.txt");
  set_run(*command, options, run_fill_mask);
}

void add_next_sentence(CLI::App& app) {
  auto options = std::make_shared<NextSentenceOptions>();
  CLI::App* command = app.add_subcommand("next-sentence", "Whether a second text follows a first, a line a line");
  add_line_flags(*command, *options, "first<TAB>second");
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer("Examples:\n  printf 'It rained.\\tWe stayed at home.\\n' | attend next-sentence --model runs/bert");
  set_run(*command, options, run_next_sentence);
}

int run_fill_mask(const FillMaskOptions& options, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  auto model = load_masked_language_model(options.model, loading);
  auto encoder = load_encoder(options.model);
  const MaskFiller filler = of_folder(options.model, [&] { return MaskFiller(std::move(model), std::move(encoder), options.max_length); });
  tell_folder(filler.warnings());
  TextInput input(options.text, in, "Type a text with [MASK]; Ctrl-D ends.");
  LineWarnings told;
  const auto answer_window = [&](const std::vector<InputLine>& lines) {
    const auto found = filler.fill(texts_of(lines), options.top);
    std::vector<std::string> answers;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      told.tell(lines[i].number, found[i].warnings, found[i].unknown);
      answers.push_back(answer_text(found[i], options.common.json));
    }
    return answers;
  };
  answer_lines(input, out, answer_window, kWindowLines, empty_answer(options.common.json));
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
