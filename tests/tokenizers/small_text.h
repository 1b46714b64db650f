// A few hundred sentences, and a tokenizer learnt from them once a process.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "tests/support/temp_folder.h"
#include "tokenizers/sentencepiece_trainer.h"

namespace attend {

/// Sentences in English or German over a small grammar; line i of one is the translation of line i of the other.
inline std::string small_text(bool german) {
  struct Word {
    const char *english, *german;
  };
  constexpr Word kNouns[]{{"dog", "Hund"},   {"cat", "Kater"},     {"bird", "Vogel"},  {"horse", "Hengst"},
                          {"wolf", "Wolf"},  {"bear", "Bär"},      {"king", "König"},  {"farmer", "Bauer"},
                          {"thief", "Dieb"}, {"judge", "Richter"}, {"uncle", "Onkel"}, {"child", "Knabe"}};
  constexpr Word kVerbs[]{{"sees", "sieht"}, {"follows", "verfolgt"}, {"finds", "findet"}, {"loves", "liebt"}, {"fears", "fürchtet"}};
  constexpr Word kPlaces[]{
      {"in the garden", "im Garten"}, {"on the road", "auf der Straße"}, {"behind the house", "hinter dem Haus"}, {"", ""}};
  std::string text;
  int number = 0;
  for (const Word& subject : kNouns)
    for (const Word& object : kNouns)
      for (const Word& verb : kVerbs) {
        const Word& place = kPlaces[number++ % 4];
        if (german)
          text += std::string("Der ") + subject.german + " " + verb.german + " den " + object.german + (*place.german ? " " : "") +
                  place.german + ".\n";
        else
          text += std::string("The ") + subject.english + " " + verb.english + " the " + object.english + (*place.english ? " " : "") +
                  place.english + ".\n";
      }
  return text;
}

/// The lines of a text.
inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// A folder with train.de and train.en, and `tokenizer`, a joint unigram model of both with 150 ids.
inline const std::filesystem::path& small_tokenizer() {
  static const TempFolder folder;
  static const std::filesystem::path tokenizer = [] {
    set_log_level(LogLevel::kQuiet);
    write_text(folder / "train.de", small_text(true));
    write_text(folder / "train.en", small_text(false));
    train_marian_tokenizer(
        {.source_files = {folder / "train.de"}, .target_files = {folder / "train.en"}, .vocabulary = {.vocab_size = 150}},
        folder / "tokenizer");
    return folder / "tokenizer";
  }();
  return tokenizer;
}

/// What a call throws, or "" where it throws no UserError.
template <class Call>
std::string user_error_of(const Call& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  return {};
}

}  // namespace attend
