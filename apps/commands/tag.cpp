// attend tag: a tag for each word of each line.
#include "apps/commands.h"

#include <memory>
#include <ostream>

#include "apps/command.h"
#include "apps/commands/text_flags.h"
#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "inference/tagger.h"

namespace attend {
namespace {

struct TagOptions : LineOptions {};

std::string answer_text(const TaggedWords& answer, const TaskLabels& labels, bool as_json) {
  std::string text;
  Json tags = Json::array();
  for (const std::size_t tag : answer.tags) {
    text += (text.empty() ? "" : " ") + labels.names[tag];
    tags.push_back(labels.names[tag]);
  }
  return as_json ? one_line(Json{{"words", answer.words}, {"tags", tags}, {"scores", answer.probabilities}}) : text;
}

/// As many tags as the line has words between white space, separated by spaces.
int run_tag(const TagOptions& options, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  const Tagger tagger = load_tagger(options.model, loading, options.max_length);
  tell_folder(tagger.warnings());
  TextInput input(options.text, in, "Type a sentence to tag its words; Ctrl-D ends.");
  LineWarnings told;
  const auto answer_window = [&](const std::vector<InputLine>& lines) {
    std::vector<std::string> answers;
    const auto found = tagger.tag(texts_of(lines));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      told.tell(lines[i].number, {}, found[i].unknown);
      answers.push_back(answer_text(found[i], tagger.labels(), options.common.json));
    }
    return answers;
  };
  answer_lines(input, out, answer_window, kWindowLines, empty_answer(options.common.json));
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_tag(CLI::App& app) {
  auto options = std::make_shared<TagOptions>();
  CLI::App* command = app.add_subcommand("tag", "A tag for each word, a line a line");
  add_line_flags(*command, *options, "sentences, words separated by blanks");
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "Examples:\n"
      "  echo 'Ada Lovelace lived in London .' | attend tag --model runs/names\n"
      "  attend tag --model runs/names --json < sentences.txt");
  set_run(*command, options, run_tag);
}

}  // namespace attend
