// SentencePiece model files that are not ours. The library (Debian's 0.1.97, CVE-2026-1260) follows offsets of the file
// without looking, so a file is read by us first, and then tried in a child process.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace attend {

/// Checks everything the library takes on trust: the protobuf's wire structure, the pieces (one <unk>, valid UTF-8,
/// types, finite scores), the ids that the training settings name, and that no state of the normaliser's table, a
/// double-array trie, leads out of it. Throws UserError that opens with `name`.
void check_sentencepiece_model(std::string_view model, const std::string& name);

enum class PieceType { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

/// As a model file states it.
struct ModelPiece {
  std::string text;
  double score = 0;
  PieceType type = PieceType::kNormal;
};

/// The pieces of a model file by their ids, for those who cut words themselves. Checks the file.
std::vector<ModelPiece> read_sentencepiece_pieces(std::string_view model, const std::string& name);

/// What a forked child says to a piece of work.
enum class ChildAnswer { kYes, kNo, kCrashed, kTooLate };
/// Runs `work` in a forked child, which says no where it throws too: nothing of the caller goes on in it. kTooLate after `patience`.
ChildAnswer ask_child(const std::function<bool()>& work, std::chrono::seconds patience);

/// Loads the model, encodes and decodes some text in a forked child. Throws UserError where the child crashes, answers
/// that the model is malformed, or is not done after `patience`.
/// Every model that is loaded goes through here, those we wrote too: a file's origin cannot be told from its bytes, and
/// a trial of a 32,000-piece model takes some 30 ms.
void try_sentencepiece_model(std::string_view model, const std::string& name, std::chrono::seconds patience = std::chrono::seconds(10));

}  // namespace attend
