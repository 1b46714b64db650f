#include <catch2/catch.hpp>

#include <fstream>

#include "core/error.h"
#include "inference/generation_config.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

using namespace attend;

namespace {

constexpr TokenRoles kRoles{.pad = 99, .eos = 0, .decoder_start = 99};

GenerationConfig parse(const std::string& text) { return parse_generation_config(Json::parse(text), "generation_config.json"); }

void write(const std::filesystem::path& path, const std::string& text) { std::ofstream(path) << text; }

}  // namespace

TEST_CASE("what a trained folder says about generation, in transformers' names and counts") {
  const Json json = generation_config_json(seq2seq_generation_config(kRoles, 255));
  REQUIRE(json.dump() ==
          R"({"bad_words_ids":[[99]],"decoder_start_token_id":99,"early_stopping":false,"eos_token_id":0,"forced_eos_token_id":0,)"
          R"("length_penalty":1.0,"max_length":256,"num_beams":4,"pad_token_id":99})");
}

TEST_CASE("a generation config read back is the one written") {
  GenerationConfig config = seq2seq_generation_config(kRoles, 100);
  config.min_length = 3;
  config.early_stopping = EarlyStopping::kNever;
  config.length_penalty = 0.6;
  config.eos_token_ids = {0, 7};
  config.num_beams = 1;
  config.do_sample = true;
  config.temperature = 0.7;
  config.top_k = 0;
  config.top_p = 0.9;
  config.min_p = 0.05;
  TempFolder folder;
  write_generation_config(folder.path(), config);
  const GenerationConfig read = read_generation_config(folder.path(), {});
  REQUIRE(generation_config_json(read) == generation_config_json(config));
  REQUIRE(read.max_length == 100);
  REQUIRE(read.eos_token_ids == TokenIds{0, 7});
  REQUIRE(read.early_stopping == EarlyStopping::kNever);
  REQUIRE(read.min_p == 0.05);
}

TEST_CASE("early_stopping has three spellings") {
  REQUIRE(parse(R"({"early_stopping": true})").early_stopping == EarlyStopping::kTrue);
  REQUIRE(parse(R"({"early_stopping": false})").early_stopping == EarlyStopping::kFalse);
  REQUIRE(parse(R"({"early_stopping": "never"})").early_stopping == EarlyStopping::kNever);
  REQUIRE(parse(R"({"early_stopping": null})").early_stopping == EarlyStopping::kFalse);
  REQUIRE_THROWS_AS(parse(R"({"early_stopping": "sometimes"})"), UserError);
}

TEST_CASE("several sequences a prompt, as a folder asks for them, are told to have no effect") {
  REQUIRE(parse(R"({"num_return_sequences": 2})").warnings ==
          std::vector<std::string>{"generation_config.json: num_return_sequences is 2, which is not supported and has no effect"});
  REQUIRE(parse(R"({"num_return_sequences": 1})").warnings.empty());
}

TEST_CASE("transformers' lengths become ours") {
  REQUIRE(parse(R"({"max_length": 512})").max_length == 511);  // the start is counted there
  REQUIRE(parse(R"({"max_new_tokens": 20})").max_length == 20);
  REQUIRE(parse(R"({"max_length": 512, "max_new_tokens": 20})").max_length == 20);
  REQUIRE_FALSE(parse("{}").max_length.has_value());
  REQUIRE(parse(R"({"min_length": 5})").min_length == 5);      // start counted, end not
  REQUIRE(parse(R"({"min_new_tokens": 5})").min_length == 6);  // five before the end
  REQUIRE(parse(R"({"min_new_tokens": 5})").min_new_tokens == 5);
  REQUIRE_FALSE(parse(R"({"min_length": 5})").min_new_tokens.has_value());
  REQUIRE(parse(R"({"min_new_tokens": 0})").min_length == 0);
}

TEST_CASE("whether anything is said of sampling is kept") {
  REQUIRE(parse(R"({"temperature": 0.7})").states_sampling);
  REQUIRE(parse(R"({"top_k": 5, "do_sample": false})").states_sampling);
  REQUIRE_FALSE(parse(R"({"num_beams": 4, "top_p": null})").states_sampling);
}

TEST_CASE("an end may be one id or several") {
  REQUIRE(parse(R"({"eos_token_id": 2})").eos_token_ids == TokenIds{2});
  REQUIRE(parse(R"({"eos_token_id": [2, 5]})").eos_token_ids == TokenIds{2, 5});
  REQUIRE(parse(R"({"forced_eos_token_id": [2]})").forced_eos_token_id == 2);
}

TEST_CASE("an old folder says it in config.json") {
  TempFolder folder;
  write(folder.path() / "config.json",
        R"({"model_type": "marian", "d_model": 512, "num_beams": 6, "max_length": 512, "bad_words_ids": [[58100]], "forced_eos_token_id": 0,
            "decoder_start_token_id": 58100, "pad_token_id": 58100, "eos_token_id": 0, "architectures": ["MarianMTModel"]})");
  GenerationConfig config = read_generation_config(folder.path(), kRoles);
  REQUIRE(config.num_beams == 6);
  REQUIRE(config.max_length == 511);
  REQUIRE(config.bad_words_ids == std::vector<TokenIds>{{58100}});
  REQUIRE(config.decoder_start_token_id == 58100);
  write(folder.path() / "generation_config.json", R"({"num_beams": 2})");  // the newer file alone counts
  config = read_generation_config(folder.path(), kRoles);
  REQUIRE(config.num_beams == 2);
  REQUIRE_FALSE(config.max_length.has_value());
  REQUIRE(config.decoder_start_token_id == 99);
  REQUIRE(config.eos_token_ids == TokenIds{0});
}

TEST_CASE("settings that would change the result are named, those that would not are passed over") {
  const auto warnings =
      parse(R"({"repetition_penalty": 1.3, "no_repeat_ngram_size": 3, "num_beam_groups": 1, "diversity_penalty": 0.0, "typical_p": 1,
            "suppress_tokens": [5], "forced_bos_token_id": null, "use_cache": true, "transformers_version": "5.0.0", "guidance_scale": null})")
          .warnings;
  REQUIRE(warnings.size() == 2);
  REQUIRE_THAT(warnings[0], Catch::Contains("no_repeat_ngram_size is 3"));
  REQUIRE_THAT(warnings[1], Catch::Contains("suppress_tokens is [5]"));
}

TEST_CASE("a setting that nobody here knows is named, all of transformers' own are known") {
  const auto unknown = parse(R"({"num_beams": 2, "top_a": 0.1, "mirostat": 2})").warnings;
  REQUIRE(unknown.size() == 1);
  REQUIRE_THAT(unknown[0], Catch::Contains("top_a, mirostat"));
  // GenerationConfig of transformers 5.23, whatever it says.
  for (const char* key : {"assistant_confidence_threshold",
                          "assistant_early_exit",
                          "assistant_ensemble_weight",
                          "assistant_lookbehind",
                          "bos_token_id",
                          "cache_config",
                          "cache_implementation",
                          "compile_config",
                          "continuous_batching_config",
                          "disable_compile",
                          "is_assistant",
                          "low_memory",
                          "max_cache_len",
                          "max_matching_ngram_size",
                          "num_assistant_tokens",
                          "num_assistant_tokens_schedule",
                          "output_attentions",
                          "output_hidden_states",
                          "output_logits",
                          "output_scores",
                          "prefill_chunk_size",
                          "prompt_lookup_num_tokens",
                          "remove_invalid_values",
                          "return_dict_in_generate",
                          "speculation_type",
                          "target_lookbehind",
                          "transformers_version",
                          "use_cache",
                          "use_mtp",
                          "_from_model_config"}) {
    CAPTURE(key);
    REQUIRE(parse("{\"" + std::string(key) + "\": 5}").warnings.empty());
  }
}

TEST_CASE("empty lists mean nothing") {
  const GenerationConfig config = parse(R"({"stop_strings": [], "suppress_tokens": [], "begin_suppress_tokens": [], "bad_words_ids": [],
      "forced_eos_token_id": [], "eos_token_id": [], "sequence_bias": {}, "constraints": []})");
  REQUIRE(config.warnings.empty());
  REQUIRE(config.bad_words_ids.empty());
  REQUIRE_FALSE(config.forced_eos_token_id.has_value());
  REQUIRE(config.eos_token_ids.empty());
}

TEST_CASE("an end among the bad words is left out there, as transformers does") {
  REQUIRE(parse(R"({"eos_token_id": [0, 7], "bad_words_ids": [[0], [7], [5], [0, 5], [5, 0]]})").bad_words_ids ==
          std::vector<TokenIds>{{5}, {0, 5}, {5, 0}});
  TempFolder folder;
  write(folder.path() / "generation_config.json", R"({"bad_words_ids": [[0], [99]]})");
  REQUIRE(read_generation_config(folder.path(), kRoles).bad_words_ids == std::vector<TokenIds>{{99}});  // the end is the model's
}

TEST_CASE("bad words that the vocabulary lacks are refused") {
  const GenerationConfig config = parse(R"({"bad_words_ids": [[3], [4, 50]]})");
  REQUIRE_NOTHROW(require_bad_words_within(config, 51));
  REQUIRE_THAT(refusal_of([&] { require_bad_words_within(config, 50); }), Catch::Contains("bad_words_ids names token id 50"));
}

TEST_CASE("ends that generation_config.json leaves to config.json are all read") {
  TempFolder folder;
  write(folder.path() / "config.json", R"({"model_type": "gpt2", "eos_token_id": [3, 5], "top_a": 1, "n_embd": 4})");
  const GenerationConfig old = read_generation_config(folder.path(), kRoles);
  REQUIRE(old.eos_token_ids == TokenIds{3, 5});
  REQUIRE(old.warnings.empty());  // of the model's keys the model's reader speaks
  write(folder.path() / "generation_config.json", R"({"top_k": 5})");
  REQUIRE(read_generation_config(folder.path(), kRoles).eos_token_ids == TokenIds{3, 5});
  write(folder.path() / "generation_config.json", R"({"eos_token_id": 8})");
  REQUIRE(read_generation_config(folder.path(), kRoles).eos_token_ids == TokenIds{8});
}

TEST_CASE("samples drawn by beam search are refused by name") {
  REQUIRE_THAT(refusal_of([&] { parse(R"({"do_sample": true, "num_beams": 4})"); }),
               Catch::Contains("do_sample is true and num_beams is 4") && Catch::Contains("num_beams 1"));
  REQUIRE_NOTHROW(parse(R"({"do_sample": true, "num_beams": 1})"));
  REQUIRE_NOTHROW(parse(R"({"do_sample": false, "num_beams": 4})"));
}

TEST_CASE("values out of range and of the wrong type are refused, by name") {
  for (const std::string text :
       {R"({"num_beams": 0})", R"({"num_beams": "four"})", R"({"num_beams": 1.5})", R"({"num_beams": 100000})", R"({"max_length": 1})",
        R"({"max_length": 1e18})", R"({"max_new_tokens": 0})", R"({"min_length": -1})", R"({"temperature": -0.1})", R"({"top_p": 0})",
        R"({"top_p": 1.1})", R"({"top_k": -1})", R"({"min_p": 2})", R"({"bad_words_ids": 5})", R"({"bad_words_ids": [[]]})",
        R"({"bad_words_ids": [["x"]]})", R"({"bad_words_ids": [[-1]]})", R"({"eos_token_id": "x"})", R"([])"}) {
    CAPTURE(text);
    REQUIRE_THROWS_AS(parse(text), UserError);
  }
  try {
    parse(R"({"num_beams": 0})");
    FAIL("accepted");
  } catch (const UserError& error) {
    REQUIRE(std::string(error.what()).find("num_beams") != std::string::npos);
  }
}
