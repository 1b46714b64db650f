#include "tokenizers/sentencepiece_check.h"

#include <sentencepiece_processor.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace attend {
namespace {

constexpr std::size_t kPieceBytes = 4096;      // the library's own bound on a training line; real pieces have some 16
constexpr float kLargestScore = 1e9f;          // unigram: log-probabilities; bpe: minus the rank of a merge
constexpr std::size_t kHiddenByteUnits = 256;  // a trie state's followers lie in one aligned block of so many units

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw UserError(name + " is not a sound SentencePiece model: " + what,
                  "take the file anew from its source, or train with 'attend tokenizer train'");
}

// One field of a protobuf message. Length-delimited ones have `bytes`, the others `value`.
struct Field {
  std::uint32_t number = 0;
  int wire_type = 0;
  std::uint64_t value = 0;
  std::string_view bytes;
};

class FieldReader {
 public:
  FieldReader(std::string_view message, const std::string& name) : rest_(message), name_(name) {}

  bool next(Field& field) {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    field = {static_cast<std::uint32_t>(tag >> 3), static_cast<int>(tag & 7), 0, {}};
    if (tag >> 32 != 0 || field.number == 0) refuse(name_, "a field has no valid number");
    switch (field.wire_type) {
      case 0:
        field.value = varint();
        break;
      case 1:
        field.value = fixed<std::uint64_t>();
        break;
      case 2: {
        const std::uint64_t length = varint();
        if (length > rest_.size())
          refuse(name_, "a field claims " + std::to_string(length) + " bytes where " + std::to_string(rest_.size()) + " are left");
        field.bytes = rest_.substr(0, length);
        rest_.remove_prefix(length);
        break;
      }
      case 5:
        field.value = fixed<std::uint32_t>();
        break;
      default:
        refuse(name_, "field " + std::to_string(field.number) + " has wire type " + std::to_string(field.wire_type));
    }
    return true;
  }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (rest_.empty()) refuse(name_, "it ends within a number");
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    refuse(name_, "a number is longer than 64 bits");
  }

  template <class T>
  T fixed() {
    if (rest_.size() < sizeof(T)) refuse(name_, "it ends within a number");
    T value;
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }

  std::string_view rest_;
  const std::string& name_;
};

void expect(const Field& field, int wire_type, const std::string& name, const char* what) {
  if (field.wire_type != wire_type) refuse(name, std::string(what) + " is stored as wire type " + std::to_string(field.wire_type));
}

ModelPiece read_piece(std::string_view message, const std::string& name, std::size_t index) {
  const std::string which = "piece " + std::to_string(index);
  std::string_view piece;
  std::uint64_t type = 1;
  float score = 0;
  FieldReader reader(message, name);
  for (Field field; reader.next(field);) {
    if (field.number == 1) {
      expect(field, 2, name, "a piece's text");
      piece = field.bytes;
    } else if (field.number == 2) {
      expect(field, 5, name, "a piece's score");
      score = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
      if (!(std::abs(score) <= kLargestScore)) refuse(name, which + " has no finite score");
    } else if (field.number == 3) {
      expect(field, 0, name, "a piece's type");
      type = field.value;
      if (type < 1 || type > 6) refuse(name, which + " is of type " + std::to_string(type) + "; expected 1 to 6");
    }
  }
  if (piece.empty()) refuse(name, which + " is empty");
  if (piece.size() > kPieceBytes) refuse(name, which + " has " + std::to_string(piece.size()) + " bytes");
  if (piece.find('\0') != std::string_view::npos || !is_valid_utf8(piece)) refuse(name, which + " is not UTF-8 text");
  return {.text = std::string(piece), .score = score, .type = static_cast<PieceType>(type)};
}

// The normaliser's table: u32 size of a darts-clone double array, its u32 units, then the replacements, each ended by NUL.
// From state p with unit u, byte c leads to p ^ offset(u) ^ c. The library checks no index; so every unit that can be a
// state must keep its whole block of 256 followers inside, and every value must point into the replacements.
void check_normalizer_table(std::string_view table, const std::string& name) {
  if (table.empty()) return;  // no normalisation
  std::uint32_t trie_bytes = 0;
  if (table.size() < sizeof trie_bytes) refuse(name, "the normaliser's table is cut short");
  std::memcpy(&trie_bytes, table.data(), sizeof trie_bytes);
  table.remove_prefix(sizeof trie_bytes);
  const std::size_t num_units = trie_bytes / sizeof(std::uint32_t);
  if (trie_bytes > table.size() || trie_bytes % (kHiddenByteUnits * sizeof(std::uint32_t)) != 0 || num_units == 0)
    refuse(name, "the normaliser's table claims a trie of " + std::to_string(trie_bytes) + " bytes in " + std::to_string(table.size()));
  const std::string_view replacements = table.substr(trie_bytes);
  if (replacements.empty() || replacements.back() != '\0' || !is_valid_utf8(replacements))
    refuse(name, "the normaliser's replacements are not text that ends with NUL");

  for (std::size_t state = 0; state < num_units; ++state) {
    std::uint32_t unit = 0;
    std::memcpy(&unit, table.data() + state * sizeof unit, sizeof unit);
    if (unit >> 31) {  // a value
      if ((unit & 0x7fffffffu) >= replacements.size()) refuse(name, "the normaliser's table points behind its replacements");
    } else {
      const std::size_t offset = static_cast<std::size_t>(unit >> 10) << ((unit & (1u << 9)) >> 6);
      if (((state ^ offset) | (kHiddenByteUnits - 1)) >= num_units) refuse(name, "the normaliser's trie leads out of its table");
    }
  }
}

void check_normalizer(std::string_view message, const std::string& name) {
  FieldReader reader(message, name);
  for (Field field; reader.next(field);) {
    if (field.number == 2) {
      expect(field, 2, name, "the normaliser's table");
      check_normalizer_table(field.bytes, name);
    } else if (field.number >= 3 && field.number <= 5) {
      expect(field, 0, name, "a setting of the normaliser");
    }
  }
}

// The ids of <unk>, <s>, </s> and <pad> that a model file states; -1 is none.
using SpecialIds = std::array<std::int64_t, 4>;

SpecialIds check_training_settings(std::string_view message, const std::string& name) {
  SpecialIds ids{-1, -1, -1, -1};
  FieldReader reader(message, name);
  for (Field field; reader.next(field);) {
    if (field.number == 3 && (field.wire_type != 0 || field.value < 1 || field.value > 4))
      refuse(name, "its model type is " + std::to_string(field.value) + "; expected 1 to 4 (unigram, bpe, word, char)");
    if (field.number >= 40 && field.number <= 43) {
      expect(field, 0, name, "the id of a special token");
      ids[field.number - 40] = static_cast<std::int32_t>(field.value);
    }
    if (field.number >= 44 && field.number <= 48) {
      expect(field, 2, name, "a special token");
      if (field.bytes.size() > kPieceBytes || !is_valid_utf8(field.bytes)) refuse(name, "a special token is not UTF-8 text");
    }
  }
  return ids;
}

bool probe(std::string_view model) {
  sentencepiece::SentencePieceProcessor processor;
  if (!processor.LoadFromSerializedProto(model).ok()) return false;
  std::string text;
  for (const char* words : {"A probe, with 12 words.", " zwei   Räume ", "\xef\xbc\xa1\xe3\x8d\xbf \xe4\xbd\xa0\xe5\xa5\xbd",
                            "\xf0\x9f\x98\x80", "\x01\x7f\xc2\xa0"})
    text.append(words);
  const int pieces = processor.GetPieceSize();
  std::vector<int> ids;
  for (int i = 0; i < pieces && i < 64; ++i) {
    text += processor.IdToPiece(i * (pieces / 64 + 1) % pieces);
    ids.push_back(i);
  }
  std::vector<std::string> result;
  std::string decoded;
  return processor.Encode(text, &result).ok() && processor.Decode(result, &decoded).ok() && processor.Decode(ids, &decoded).ok();
}

}  // namespace

void check_sentencepiece_model(std::string_view model, const std::string& name) {
  if (model.size() > limits::kTokenizerFileBytes) refuse(name, "it has " + std::to_string(model.size()) + " bytes");
  std::size_t pieces = 0, unknown = 0;
  SpecialIds ids{-1, -1, -1, -1};
  FieldReader reader(model, name);
  for (Field field; reader.next(field);) {
    if (field.number < 1 || field.number > 5) continue;
    expect(field, 2, name, "a part of the model");
    if (field.number == 1) {
      if (read_piece(field.bytes, name, pieces).type == PieceType::kUnknown) ++unknown;
      if (++pieces > static_cast<std::size_t>(limits::kVocabularySize)) refuse(name, "it has too many pieces");
    } else if (field.number == 2) {
      ids = check_training_settings(field.bytes, name);
    } else if (field.number == 3 || field.number == 5) {
      check_normalizer(field.bytes, name);
    }
  }
  if (pieces == 0) refuse(name, "it has no pieces");
  if (unknown != 1) refuse(name, "it has " + std::to_string(unknown) + " unknown tokens; expected one");
  for (const std::int64_t id : ids)
    if (id < -1 || id >= static_cast<std::int64_t>(pieces))
      refuse(name, "a special token has id " + std::to_string(id) + " among " + std::to_string(pieces) + " pieces");
}

std::vector<ModelPiece> read_sentencepiece_pieces(std::string_view model, const std::string& name) {
  check_sentencepiece_model(model, name);
  std::vector<ModelPiece> pieces;
  FieldReader reader(model, name);
  for (Field field; reader.next(field);)
    if (field.number == 1) pieces.push_back(read_piece(field.bytes, name, pieces.size()));
  return pieces;
}

ChildAnswer ask_child(const std::function<bool()>& work, std::chrono::seconds patience) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error(std::string("cannot fork to try a model file: ") + std::strerror(errno));
  if (child == 0) {
    // An alarm nobody handles ends the child wherever it hangs; a crash must leave no core file behind.
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    for (const int signal : {SIGALRM, SIGSEGV, SIGABRT, SIGBUS, SIGFPE}) ::signal(signal, SIG_DFL);
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_UNBLOCK, &all, nullptr);
    ::alarm(static_cast<unsigned>(patience.count()));
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
    // An exception that left this block would run the parent's destructors in the child: they remove files.
    try {
      ::_exit(work() ? 0 : 1);
    } catch (...) {
      ::_exit(1);
    }
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw std::runtime_error(std::string("lost the process that tries a model file: ") + std::strerror(errno));
  if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? ChildAnswer::kYes : ChildAnswer::kNo;
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? ChildAnswer::kTooLate : ChildAnswer::kCrashed;
}

void try_sentencepiece_model(std::string_view model, const std::string& name, std::chrono::seconds patience) {
  switch (ask_child([&] { return probe(model); }, patience)) {
    case ChildAnswer::kYes:
      return;
    case ChildAnswer::kNo:
      refuse(name, "the SentencePiece library refuses it");
    case ChildAnswer::kCrashed:
      refuse(name, "the SentencePiece library crashes on it");
    case ChildAnswer::kTooLate:
      refuse(name, "loading it takes over " + std::to_string(patience.count()) + " s");
  }
}

}  // namespace attend
