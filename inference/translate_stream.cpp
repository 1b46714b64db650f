#include "inference/translate_stream.h"

#include <cstdio>
#include <ostream>

#include "core/error.h"
#include "core/json.h"

namespace attend {
namespace {

// Enough lines to sort into batches of one length; the bytes bound what a text of giant lines takes.
constexpr std::size_t kWindowLines = 2048;
constexpr std::size_t kWindowBytes = 4u << 20;

std::string score_text(double score) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6f", score);
  return text;
}

Json to_json(const Translation& translation) {
  return {{"translation", translation.text}, {"score", translation.score}, {"log_probability", translation.log_probability}};
}

// The lines of one window, with their prefixes.
struct Window {
  std::vector<std::string> lines, prefixes;
};

bool read_window(TranslateStream& stream, Window& window) {
  window = {};
  std::string line;
  for (std::size_t bytes = 0; window.lines.size() < kWindowLines && bytes < kWindowBytes; bytes += line.size()) {
    if (!window.lines.empty() && stream.is_more_ready && !stream.is_more_ready()) break;
    if (!stream.source.next(line)) break;
    window.lines.push_back(line);
    if (stream.prefixes == nullptr) continue;
    if (!stream.prefixes->next(line))
      throw UserError(stream.prefixes->name() + " ends before line " + std::to_string(stream.source.line_number()) + " of the text",
                      "give one prefix a line, empty where there is none");
    window.prefixes.push_back(line);
  }
  return !window.lines.empty();
}

void print(const std::vector<Translation>& translations, std::uint64_t index, bool is_list, const AnswerFormat& format, std::ostream& out) {
  if (format.json) {
    Json answer = to_json(translations.front());
    if (is_list)
      for (const auto& translation : translations) answer["n_best"].push_back(to_json(translation));
    out << one_line(answer) << '\n';
  } else if (is_list) {
    for (const auto& translation : translations)
      out << index << " ||| " << translation.text << " ||| " << score_text(translation.score) << '\n';
  } else {
    out << translations.front().text;
    if (format.scores) out << '\t' << score_text(translations.front().score);
    out << '\n';
  }
}

}  // namespace

std::uint64_t translate_stream(const Translator& translator, TranslateStream stream, const TranslateOptions& options,
                               const AnswerFormat& format, std::ostream& out) {
  translator.check(options);  // before a line is read
  std::uint64_t num_done = 0;
  Window window;
  while (read_window(stream, window)) {
    const auto answers = translator.translate(
        LineBatch{.lines = window.lines, .prefixes = window.prefixes, .first_line_number = num_done + 1, .seed = stream.seed}, options);
    for (const auto& translations : answers) print(translations, num_done++, options.n_best > 1, format, out);
    out.flush();
  }
  std::string left_over;
  if (stream.prefixes != nullptr && stream.prefixes->next(left_over))
    throw UserError(stream.prefixes->name() + " has more lines than the text, which has " + std::to_string(num_done),
                    "give one prefix a line, empty where there is none");
  return num_done;
}

}  // namespace attend
