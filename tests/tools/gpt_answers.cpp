// What a GPT folder computes, a JSON line for each JSON line of standard input, for tests/parity/gpt_reference.py.
//
//   gpt_answers FOLDER [save FOLDER]
//   gpt_answers new FOLDER PRESET VOCABULARY
//
// {"ids": [[...], ...], "logits": FILE} -> writes the logits of every token, or of every sequence where the folder is a classifier's
// {"ids": [[...], ...], "greedy": n}    -> n more ids for each sequence, all decoded together
// With "save": writes the folder back. With "new": writes a new model.
#include <iostream>

#include <torch/torch.h>

#include "core/error.h"
#include "core/json.h"
#include "models/gpt/heads.h"
#include "models/tensor_io.h"

using namespace attend;

namespace {

PackedIds pack(const Json& rows) {
  PackedIds packed;
  for (const auto& row : rows) {
    for (const auto& id : row) packed.ids.push_back(id.get<std::int64_t>());
    packed.lengths.push_back(static_cast<std::int64_t>(row.size()));
  }
  return packed;
}

Json continue_greedily(CausalLanguageModel& model, const PackedIds& prompts, std::int64_t steps) {
  const auto decoder = model.start_decoding(prompts, /*rows_per_prompt=*/1, steps);
  std::vector<std::int64_t> last;
  std::int64_t end = 0;
  for (const std::int64_t length : prompts.lengths) last.push_back(prompts.ids[static_cast<std::size_t>((end += length) - 1)]);
  std::vector<std::vector<std::int64_t>> continuations(last.size());
  for (std::int64_t step = 0; step < steps; ++step) {
    const auto best_R = decoder->step(last).argmax(1);
    for (std::size_t r = 0; r < last.size(); ++r)
      continuations[r].push_back(last[r] = best_R[static_cast<std::int64_t>(r)].item<std::int64_t>());
  }
  return continuations;
}

void answer(const std::filesystem::path& folder) {
  const torch::NoGradGuard no_gradient;
  const bool classifies = read_json_file(folder / "config.json").at("architectures").at(0) == "GPT2ForSequenceClassification";
  const auto classifier = classifies ? load_sequence_classifier(folder) : nullptr;
  const auto language = classifies ? nullptr : load_causal_language_model(folder);
  for (std::string line; std::getline(std::cin, line);) {
    const Json request = parse_json(line, "request");
    const PackedIds tokens = pack(request.at("ids"));
    if (request.contains("greedy")) {
      std::cout << continue_greedily(*language, tokens, request["greedy"].get<std::int64_t>()).dump() << '\n';
      continue;
    }
    const TextBatch text{.tokens = tokens, .type_ids = std::vector<std::int64_t>(tokens.ids.size(), 0)};
    write_tensors(request.at("logits").get<std::string>(), {{"logits", classifies ? classifier->logits(text) : language->logits(tokens)}});
    std::cout << "null\n";
  }
}

}  // namespace

int main(int count, char** arguments) try {
  const std::vector<std::string> given(arguments + 1, arguments + count);
  if (given.size() == 1) {
    answer(given[0]);
  } else if (given.size() == 3 && given[1] == "save") {
    if (read_json_file(std::filesystem::path(given[0]) / "config.json").at("architectures").at(0) == "GPT2ForSequenceClassification")
      load_sequence_classifier(given[0])->save(given[2]);
    else
      load_causal_language_model(given[0])->save(given[2]);
  } else if (given.size() == 4 && given[0] == "new") {
    GptConfig config = gpt_preset(given[2]);
    config.vocab_size = std::stoll(given[3]);
    make_gpt(config, 1, torch::kCPU)->save(given[1]);
  } else {
    throw std::runtime_error("usage: gpt_answers FOLDER [save FOLDER] | new FOLDER PRESET VOCABULARY");
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
