// Every limit on foreign input, in one place (RELIABILITY: sizes are checked before anything is allocated).
#pragma once

#include <cstddef>
#include <cstdint>

namespace attend::limits {

inline constexpr std::size_t kJsonDepth = 64;
inline constexpr std::uintmax_t kJsonBytes = 512u << 20;               // tokenizer.json of large vocabularies is some 20 MB
inline constexpr std::size_t kJsonValues = 50'000'000;                 // one takes at least 16 bytes of memory, and may take 2 of the file
inline constexpr std::uint64_t kSafetensorsHeaderBytes = 100'000'000;  // the format's own limit
inline constexpr std::size_t kSafetensorsTensors = 100'000;
inline constexpr std::size_t kSafetensorsRank = 8;
inline constexpr std::size_t kSafetensorsNameBytes = 1024;
inline constexpr std::size_t kSafetensorsHeaderValues = 2'000'000;  // some 14 a tensor, and the metadata
inline constexpr std::size_t kTokenizerFileBytes = 256u << 20;
inline constexpr std::size_t kLineBytes = 64u << 20;  // a line of text
inline constexpr std::int64_t kVocabularySize = 16'000'000;
inline constexpr std::size_t kTableColumns = 10'000;
inline constexpr std::size_t kClassLabels = 10'000;        // different ones; more are numbers or texts in the wrong column
inline constexpr std::size_t kSentenceTokens = 1'000'000;  // of a CoNLL file without blank lines

}  // namespace attend::limits
