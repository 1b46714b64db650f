#include "apps/commands/tag.h"

#include <memory>
#include <ostream>

#include "apps/text_input.h"
#include "core/json.h"
#include "training/objectives/tagging.h"

namespace attend {
namespace {

std::vector<std::string> words_of(const std::string& line) {
  constexpr const char* kBlanks = " \t\r\v\f";
  std::vector<std::string> words;
  for (std::size_t begin = line.find_first_not_of(kBlanks); begin != std::string::npos;) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kBlanks, end);
  }
  return words;
}

// One answer: the tags of words [first, first + words.size()) of all.
std::string answer_text(const std::vector<std::string>& words, const WordTags& found, std::size_t first, const TaskLabels& labels,
                        bool as_json) {
  std::string text;
  Json tags = Json::array(), scores = Json::array();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& tag = labels.names[static_cast<std::size_t>(found.labels[first + i])];
    text += (i ? " " : "") + tag;
    tags.push_back(tag);
    scores.push_back(found.probabilities[first + i]);
  }
  return as_json ? Json{{"words", words}, {"tags", tags}, {"scores", scores}}.dump(-1, ' ', false, Json::error_handler_t::replace) : text;
}

}  // namespace

void add_tag(CLI::App& app) {
  auto options = std::make_shared<TagOptions>();
  CLI::App* command = app.add_subcommand("tag", "A tag for each word, a line a line");
  add_line_flags(*command, *options, "sentences, words separated by blanks");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n"
      "  echo 'Ada Lovelace lived in London .' | attend tag --model runs/names\n"
      "  attend tag --model runs/names --json < sentences.txt");
  set_run(*command, options, run_tag);
}

int run_tag(const TagOptions& options, std::istream& in, std::ostream& out) {
  const torch::Device device = apply_common_float32(options.common);
  const auto model = load_token_classifier(options.model, device, TokenTask::kTags);
  const auto tokenizer = load_wordpiece(options.model);
  require_vocabulary(*model, tokenizer->vocab_size());
  const std::int64_t length = length_to_read(options, *model, tokenizer->max_length());
  TextInput input(options.text, in, "Type a sentence to tag its words; Ctrl-D ends.");
  UnknownLines unknown_lines;
  answer_lines(input, out, [&](const std::vector<InputLine>& lines) {
    WordWindows text(*tokenizer, length);
    std::vector<std::vector<std::string>> sentences;
    for (const InputLine& line : lines) text.add(sentences.emplace_back(words_of(line.text)));
    if (!lines.empty()) unknown_lines.look_at(text.unknown(), lines.front().number);
    const WordTags found = tag_words(*model, text).value();
    std::vector<std::string> answers;
    for (std::size_t first = 0; const auto& words : sentences) {
      answers.push_back(answer_text(words, found, first, model->labels(), options.common.json));
      first += words.size();
    }
    return answers;
  });
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
