// Big Bird's blocks against those that transformers 5.23 drew, with NumPy's generator seeded by the layer.
#include "models/layers/big_bird_blocks.h"

#include <catch2/catch.hpp>

#include "tests/support/refusal.h"

namespace attend {
namespace {

using Blocks = std::vector<std::int64_t>;

struct Drawing {
  std::int64_t block, random, num_heads, max_positions, layer, num_blocks;

  AttentionConfig config() const {
    return {.num_heads = num_heads,
            .choice = {.kind = AttentionKind::kBigBird, .block = block, .random = random},
            .max_positions = max_positions,
            .layer = layer};
  }
  Blocks drawn() const { return big_bird_drawn_blocks(config(), num_blocks); }
};

Blocks first(const Blocks& blocks) { return {blocks.begin(), blocks.begin() + 6}; }
Blocks last(const Blocks& blocks) { return {blocks.end() - 6, blocks.end()}; }

std::int64_t checksum(const Blocks& blocks) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) sum += static_cast<std::int64_t>(i) * blocks[i];
  return sum;
}

std::string refusal(std::int64_t block, std::int64_t random, std::int64_t max_positions) {
  const AttentionChoice choice{.kind = AttentionKind::kBigBird, .block = block, .random = random};
  return refusal_of([&] { choice.validate(0, max_positions); });
}

}  // namespace

TEST_CASE("blocks are drawn as transformers draws them, of every head and layer") {
  CHECK(Drawing{4, 1, 2, 64, 0, 8}.drawn() == Blocks{3, 5, 5, 1, 3, 2, 3, 5, 1, 2, 3, 4});
  CHECK(Drawing{4, 1, 2, 64, 1, 8}.drawn() == Blocks{4, 4, 1, 2, 2, 4, 3, 4, 5, 1, 2, 3});
  CHECK(Drawing{8, 2, 1, 256, 5, 12}.drawn() == Blocks{4, 5, 7, 5, 5, 6, 6, 7, 7, 2, 4, 1, 2, 5, 3, 4, 1, 4, 4, 1});
}

TEST_CASE("texts of 1024 and 4096 tokens have the plan of the paper's code") {
  const Blocks short_text = Drawing{64, 3, 12, 4096, 11, 16}.drawn();
  CHECK(short_text.size() == 504);
  CHECK(first(short_text) == Blocks{9, 6, 11, 14, 11, 10});
  CHECK(last(short_text) == Blocks{4, 10, 9, 2, 6, 1});
  CHECK(checksum(short_text) == 968143);
  const Blocks long_text = Drawing{64, 3, 12, 4096, 3, 64}.drawn();
  CHECK(long_text.size() == 2232);
  CHECK(first(long_text) == Blocks{9, 7, 4, 7, 15, 5});
  CHECK(last(long_text) == Blocks{7, 1, 4, 12, 1, 6});
  CHECK(checksum(long_text) == 19862591);
  const Blocks other_block = Drawing{16, 3, 4, 2000, 7, 64}.drawn();  // positions that are no whole number of blocks
  CHECK(first(other_block) == Blocks{48, 5, 33, 54, 63, 52});
  CHECK(last(other_block) == Blocks{49, 37, 13, 26, 44, 49});
  CHECK(checksum(other_block) == 8447395);
}

TEST_CASE("a block sees the first, its neighbours and the last, each once") {
  CHECK(big_bird_fixed_blocks(1, 9) == Blocks{0, 1, 2, 8});
  CHECK(big_bird_fixed_blocks(2, 9) == Blocks{0, 1, 2, 3, 8});
  CHECK(big_bird_fixed_blocks(6, 9) == Blocks{0, 5, 6, 7, 8});
  CHECK(big_bird_fixed_blocks(7, 9) == Blocks{0, 6, 7, 8});
}

TEST_CASE("a short text sees all of itself") {
  const AttentionChoice choice{.kind = AttentionKind::kBigBird, .block = 4, .random = 1};
  CHECK(big_bird_sees_all(choice, 28));
  CHECK_FALSE(big_bird_sees_all(choice, 29));
  CHECK(big_bird_blocks(choice, 28) == 7);
  CHECK(big_bird_blocks(choice, 29) == 8);
}

TEST_CASE("blocks that cannot be are refused with a sentence") {
  CHECK_THAT(refusal(0, 3, 512), Catch::Contains("attention_block is 0; expected 1 to 65536"));
  CHECK_THAT(refusal(-7, 3, 512), Catch::Contains("attention_block is -7"));
  CHECK_THAT(refusal(64, 0, 512), Catch::Contains("attention_random is 0; expected 1 to 1024"));
  CHECK_THAT(refusal(256, 3, 4096), Catch::Contains("attention_block is 256: of a text of 3072 tokens block 2 would draw "
                                                    "attention_random, 3, of 0 blocks"));
  CHECK_THAT(refusal(128, 5, 3072), Catch::Contains("of 4 blocks"));
  CHECK(refusal(256, 3, 2048).empty());                                // no text is as long
  CHECK_THAT(refusal(256, 4, 4000), Catch::Contains("of a text of"));  // one of 3841 tokens has as many blocks as one of 4096
  CHECK_THAT(refusal(128, 5, 3000), Catch::Contains("of 4 blocks"));
  CHECK(refusal(1, 1, 4096).empty());
  CHECK(refusal(7, 2, 4096).empty());  // no text of 1024 tokens is a whole number of blocks
  CHECK(refusal(64, 3, 4096).empty());
  CHECK(refusal(16, 3, 4096).empty());
}

TEST_CASE("a model that goes on with text cannot see its last block") {
  const AttentionChoice choice{.kind = AttentionKind::kBigBird};
  CHECK_THAT(refusal_of([&] { choice.require_causal(); }), Catch::Contains("bigbird") && Catch::Contains("goes on with text cannot"));
}

}  // namespace attend
