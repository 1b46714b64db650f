// Which blocks of keys a block of queries sees in Big Bird (Zaheer et al. 2020, section 2 and appendix D), as transformers draws them (no
// LibTorch here): the first and the last block (global), its own and its two neighbours (window), and some drawn at random.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/layers/configs.h"

namespace attend {

/// Blocks of a text, the last of which its tokens may not fill.
std::int64_t big_bird_blocks(const AttentionChoice& choice, std::int64_t length);

/// Whether a text is so short that every token sees all others: 2 global blocks, 3 of the window and twice the random ones.
bool big_bird_sees_all(const AttentionChoice& choice, std::int64_t length);

/// The blocks that a block of queries between the first and the last sees in every head, rising, each once.
std::vector<std::int64_t> big_bird_fixed_blocks(std::int64_t query_block, std::int64_t num_blocks);

/// The random blocks of a layer while it trains: `attention_random` of each head's query blocks 1 to num_blocks - 2, heads outermost. They
/// depend on the layer's number alone, and so are the same in every step. Of texts of 1024, 3072 and 4096 tokens they are drawn by the
/// plan of the paper's code, of others from the first 5 + 2 random blocks; the former may name a block that is seen already, which then
/// counts twice. The text is one that does not see all.
std::vector<std::int64_t> big_bird_drawn_blocks(const AttentionConfig& config, std::int64_t num_blocks);

/// The random block of every query while a model answers: transformers draws nothing then, and takes the first block each time.
inline constexpr std::int64_t kBigBirdAnsweringBlock = 0;

/// Throws UserError for blocks that cannot be drawn for some text of at most `max_positions` tokens.
void check_big_bird_blocks(const AttentionChoice& choice, std::int64_t max_positions);

}  // namespace attend
