#include "models/layers/big_bird_blocks.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/numpy_random.h"

namespace attend {
namespace {

using Blocks = std::vector<std::int64_t>;

constexpr std::array<std::int64_t, 3> kPaperLengths{1024, 3072, 4096};
constexpr std::int64_t kPaperLast = 1024;  // blocks of the paper's plan are drawn from the first so many tokens

bool has_paper_plan(const AttentionChoice& choice, std::int64_t num_blocks) {
  return std::find(kPaperLengths.begin(), kPaperLengths.end(), num_blocks * choice.block) != kPaperLengths.end();
}

// Appends Python's range(1, num_blocks - 1)[begin:end].
void add_middle(Blocks& blocks, std::int64_t num_blocks, std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < std::min(end, num_blocks - 2); ++i) blocks.push_back(i + 1);
}

// transformers' _bigbird_block_rand_mask: what query block i of the longest text draws from. Its slices are off by a block in places, so
// that a block may be near or global as well.
Blocks paper_pool(const AttentionChoice& choice, std::int64_t most_blocks, std::int64_t i) {
  const std::int64_t last = kPaperLast > 2 * choice.block ? kPaperLast / choice.block - 1 : most_blocks - 1;
  const bool is_near_end = i == most_blocks - 3 || i == most_blocks - 2;
  Blocks pool;
  if (i == 1 || i == 2) {
    add_middle(pool, most_blocks, i + 1, last);
  } else if (is_near_end) {
    add_middle(pool, most_blocks, 0, last);
  } else {
    add_middle(pool, most_blocks, 0, std::min(i - 2, last));
    if (i - 2 <= last && i + 1 != last) add_middle(pool, most_blocks, i + 1, last);
  }
  return pool;
}

void draw_paper_plan(const AttentionConfig& config, std::int64_t num_blocks, NumpyRandom& random, Blocks& drawn) {
  const std::int64_t most_blocks = std::max(config.max_positions / config.choice.block, num_blocks);
  for (std::int64_t h = 0; h < config.num_heads; ++h)
    for (std::int64_t i = 1; i < most_blocks - 1; ++i) {  // those of the longest text are drawn, whatever this one's length
      const Blocks order = random.permutation(paper_pool(config.choice, most_blocks, i));
      if (i < num_blocks - 1) drawn.insert(drawn.end(), order.begin(), order.begin() + config.choice.random);
    }
}

// transformers' _get_single_block_row_attention, from the first `end` blocks.
void draw_row(std::int64_t query_block, std::int64_t end, std::int64_t wanted, NumpyRandom& random, std::int64_t* into) {
  Blocks all(static_cast<std::size_t>(end));
  for (std::int64_t i = 0; i < end; ++i) all[static_cast<std::size_t>(i)] = i;
  const auto is_legal = [&](std::int64_t block) {
    const bool is_near = block >= query_block - 1 && block <= query_block + 1, is_outer = block == 0 || block == end - 1;
    const bool is_of_other_end = (query_block == 1 && block == end - 2) || (query_block == end - 2 && block == 1);
    return !is_near && !is_outer && !is_of_other_end;
  };
  for (const std::int64_t block : random.permutation(std::move(all)))
    if (wanted > 0 && is_legal(block)) {
      *into++ = block;
      --wanted;
    }
}

}  // namespace

std::int64_t big_bird_blocks(const AttentionChoice& choice, std::int64_t length) { return (length + choice.block - 1) / choice.block; }

bool big_bird_sees_all(const AttentionChoice& choice, std::int64_t length) { return length <= (5 + 2 * choice.random) * choice.block; }

std::vector<std::int64_t> big_bird_fixed_blocks(std::int64_t query_block, std::int64_t num_blocks) {
  const std::int64_t last = num_blocks - 1;
  Blocks blocks{0};
  for (std::int64_t near = std::max<std::int64_t>(1, query_block - 1); near <= query_block + 1 && near < last; ++near)
    blocks.push_back(near);
  blocks.push_back(last);
  return blocks;
}

std::vector<std::int64_t> big_bird_drawn_blocks(const AttentionConfig& config, std::int64_t num_blocks) {
  const std::int64_t wanted = config.choice.random, rows = num_blocks - 2;
  NumpyRandom random(static_cast<std::uint32_t>(config.layer));
  Blocks drawn;
  if (has_paper_plan(config.choice, num_blocks)) {
    draw_paper_plan(config, num_blocks, random, drawn);
    return drawn;
  }
  drawn.resize(static_cast<std::size_t>(config.num_heads * rows * wanted));
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t h = 0; h < config.num_heads; ++h)
      draw_row(row + 1, 5 + 2 * wanted, wanted, random, drawn.data() + (h * rows + row) * wanted);
  return drawn;
}

void check_big_bird_blocks(const AttentionChoice& choice, std::int64_t max_positions) {
  for (const std::int64_t length : kPaperLengths) {
    const std::int64_t num_blocks = big_bird_blocks(choice, length);
    const std::int64_t longest = std::min(length, max_positions);  // a shorter text with as many blocks has the plan, too
    if (num_blocks * choice.block != length || big_bird_blocks(choice, longest) != num_blocks || big_bird_sees_all(choice, longest))
      continue;
    const std::int64_t most_blocks = std::max(max_positions / choice.block, num_blocks);
    const auto fewest = static_cast<std::int64_t>(paper_pool(choice, most_blocks, 2).size());  // of all blocks of the text
    if (fewest < choice.random)
      throw UserError("attention_block is " + std::to_string(choice.block) + ": of a text of " + std::to_string(longest) +
                          " tokens block 2 would draw attention_random, " + std::to_string(choice.random) + ", of " +
                          std::to_string(fewest) + " blocks",
                      "take smaller blocks, or fewer random ones");
  }
}

}  // namespace attend
