// Questions on passages: SQuAD's JSON, versions 1.1 and 2.0, nested as published or flat as the datasets library has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/answers.h"

namespace attend {

struct SquadAnswer {
  std::string text;
  /// The first byte in the context; none where the text does not stand at its offset.
  std::optional<std::size_t> begin;
};

struct SquadQuestion {
  std::string id, text;
  std::size_t context = 0;           ///< in SquadData::contexts
  bool is_impossible = false;        ///< version 2.0: there is no answer, and `answers` is empty
  std::vector<SquadAnswer> answers;  ///< else at least one; scoring takes all, training those with a place
};

struct SquadData {
  std::vector<std::string> contexts;
  std::vector<SquadQuestion> questions;
  SquadVersion version = SquadVersion::k1;  ///< k2 where questions say whether they are impossible
  std::size_t num_misplaced = 0;            ///< answers without a place
};

/// Reads and checks a whole file; "-" is standard input. Its offsets count code points, ours bytes.
///
/// Three layouts are told apart by what they hold: {"data": [{"paragraphs": [{"context", "qas": [...]}]}]}; flat, where each of "data", or
/// of a list at the top, is a question with its context; and JSON Lines, a flat question a line. Answers are a list of {"text",
/// "answer_start"} or {"text": [...], "answer_start": [...]}. An id may be a number. No answer is "is_impossible": true; or an empty text
/// at -1; or, in a flat question, no answers at all.
///
/// An answer that does not stand at its offset keeps its text, which is all that scoring looks at, and loses its place: it is
/// counted and warned of, once a file. It is not searched for nearby, because the same word elsewhere may be no answer, and it is
/// no error, because data sets of 100,000 questions hold some. Where all are misplaced the offsets count something else
/// (bytes, UTF-16 units), and that is a UserError.
/// Throws UserError, with the path of the value ("data[0].paragraphs[2].qas[1].id"), for anything else that is not as it should be:
/// not JSON, a member missing or of a wrong type, an id that stands twice, an empty context or answer, a question
/// without answers that is not impossible, or an impossible one with them, no question at all, and flat questions of which none has an
/// answer and none says that it is impossible. Unknown members are passed over.
SquadData read_squad(const std::filesystem::path& path);
SquadData parse_squad(std::string_view json, const std::string& name);

}  // namespace attend
