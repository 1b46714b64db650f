#include "apps/commands/fill_mask.h"

#include <algorithm>

#include "apps/flags.h"
#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "metrics/score.h"

namespace attend {
namespace {

constexpr std::int64_t kBatchTokens = 4096;

struct Candidate {
  std::string token;
  double probability = 0;
};
using Candidates = std::vector<Candidate>;  // of one mask, best first

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string answer_text(const std::vector<Candidates>& masks, bool as_json) {
  Json json = Json::array();
  std::string text;
  for (const Candidates& candidates : masks) {
    Json list = Json::array();
    text += text.empty() ? "" : " ||| ";
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      list.push_back({{"token", candidates[i].token}, {"probability", candidates[i].probability}});
      text += (i ? "\t" : "") + candidates[i].token + "\t" + fixed_decimals(candidates[i].probability, 6);
    }
    json.push_back(list);
  }
  return as_json ? dump({{"masks", json}}) : text;
}

Candidates best_of(const torch::Tensor& logits_V, std::int64_t top, const WordPieceTokenizer& tokenizer) {
  const auto [probabilities, ids] = torch::softmax(logits_V.to(torch::kFloat64), 0).topk(std::min(top, tokenizer.vocab_size()));
  Candidates candidates;
  for (std::int64_t i = 0; i < ids.size(0); ++i)
    candidates.push_back({tokenizer.piece(static_cast<std::int32_t>(ids[i].item<std::int64_t>())), probabilities[i].item<double>()});
  return candidates;
}

void warn_of_missing_masks(const InputLine& line, std::size_t num_answered, const WordPieceTokenizer& tokenizer) {
  const auto ids = tokenizer.encode(line.text);
  const auto num_masks = static_cast<std::size_t>(std::count(ids.begin(), ids.end(), *tokenizer.mask_id()));
  const std::string place = "line " + std::to_string(line.number);
  if (num_masks == 0)
    log_warning(place + " holds no [MASK]; it is answered with an empty line");
  else if (num_answered < num_masks)
    log_warning(place + ": " + std::to_string(num_masks - num_answered) + " of its " + std::to_string(num_masks) +
                " [MASK]s lie behind the tokens that are read, and are not answered");
}

// The answers of one window, batch by batch.
std::vector<std::string> fill(MaskedLanguageModel& model, const std::shared_ptr<const WordPieceTokenizer>& shared,
                              const std::vector<InputLine>& lines, const FillMaskOptions& options) {
  const torch::NoGradGuard no_grad;
  const WordPieceTokenizer& tokenizer = *shared;
  const auto encoder = make_input_encoder(shared);
  std::vector<TextExample> examples;
  const std::int64_t length = length_to_read(options, model, encoder->max_length());
  for (const InputLine& line : lines) examples.push_back(encode_line(*encoder, model, line, length));
  std::vector<std::vector<Candidates>> masks(lines.size());
  for (const auto& chosen : batches_by_length(examples, kBatchTokens)) {
    const TextBatch batch = pack_examples(examples, chosen);
    std::vector<std::int64_t> positions;
    std::vector<std::size_t> owners;
    std::size_t place = 0;
    for (const std::size_t index : chosen)
      for (std::size_t i = 0; i < examples[index].ids.size(); ++i, ++place) {
        if (batch.tokens.ids[place] != *tokenizer.mask_id()) continue;
        positions.push_back(static_cast<std::int64_t>(place));
        owners.push_back(index);
      }
    if (positions.empty()) continue;
    const auto logits_PV = model.mask_logits(batch, positions).narrow(1, 0, tokenizer.vocab_size()).cpu();
    for (std::size_t p = 0; p < owners.size(); ++p)
      masks[owners[p]].push_back(best_of(logits_PV[static_cast<std::int64_t>(p)], options.top, tokenizer));
  }
  std::vector<std::string> answers;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    warn_of_missing_masks(lines[i], masks[i].size(), tokenizer);
    answers.push_back(answer_text(masks[i], options.common.json));
  }
  return answers;
}

}  // namespace

void add_fill_mask(CLI::App& app) {
  auto options = std::make_shared<FillMaskOptions>();
  CLI::App* command = app.add_subcommand("fill-mask", "The likeliest words for each [MASK], a line a line");
  add_line_flags(*command, *options, "text with [MASK]");
  add_field_flag(*command, "--top", options->top, "words for each mask")->check(positive_number());
  add_common(*command, options->common);
  command->footer(
      "The masks of a line are separated by ' ||| '.\n"
      "Examples:\n"
      "  echo 'The film was [MASK].' | attend fill-mask --model runs/bert --top 5\n"
      "  attend fill-mask --model runs/bert --json < masked.txt");
  set_run(*command, options, run_fill_mask);
}

void add_next_sentence(CLI::App& app) {
  auto options = std::make_shared<NextSentenceOptions>();
  CLI::App* command = app.add_subcommand("next-sentence", "Whether a second text follows a first, a line a line");
  add_line_flags(*command, *options, "first<TAB>second");
  add_common(*command, options->common);
  command->footer("Examples:\n  printf 'It rained.\\tWe stayed at home.\\n' | attend next-sentence --model runs/bert");
  set_run(*command, options, run_next_sentence);
}

int run_fill_mask(const FillMaskOptions& options, std::istream& in, std::ostream& out) {
  const torch::Device device = apply_common_float32(options.common);
  const auto model = load_masked_language_model(options.model, device);
  const auto tokenizer = load_wordpiece(options.model);
  if (!tokenizer->mask_id())
    throw UserError(options.model.string() + ": the vocabulary has no [MASK]", "use a masked language model's folder");
  require_vocabulary(*model, tokenizer->vocab_size());
  TextInput input(options.text, in, "Type a text with [MASK]; Ctrl-D ends.");
  answer_lines(input, out, [&](const std::vector<InputLine>& lines) { return fill(*model, tokenizer, lines, options); });
  return static_cast<int>(ExitCode::kDone);
}

int run_next_sentence(const NextSentenceOptions& options, std::istream& in, std::ostream& out) {
  const torch::Device device = apply_common_float32(options.common);
  const auto model = load_masked_language_model(options.model, device);
  const auto encoder = make_input_encoder(load_wordpiece(options.model));
  require_vocabulary(*model, encoder->vocab_size());
  if (!model->has_next_sentence())
    throw UserError(options.model.string() + ": the model was trained without next sentences", "use one pretrained with them");
  const std::int64_t length = length_to_read(options, *model, encoder->max_length());
  TextInput input(options.text, in, "Type two texts with a TAB between; Ctrl-D ends.");
  answer_lines(input, out, [&](const std::vector<InputLine>& lines) {
    const torch::NoGradGuard no_grad;
    std::vector<TextExample> examples;
    for (const InputLine& line : lines) {
      if (line.text.find('\t') == std::string::npos)
        throw UserError("line " + std::to_string(line.number) + ": expected first<TAB>second; there is no TAB");
      examples.push_back(encode_line(*encoder, *model, line, length));
    }
    std::vector<std::string> answers(lines.size());
    for (const auto& chosen : batches_by_length(examples, kBatchTokens)) {
      const auto p_B2 = torch::softmax(model->next_sentence_logits(pack_examples(examples, chosen)).to(torch::kFloat64), 1).cpu();
      for (std::size_t i = 0; i < chosen.size(); ++i) {
        const double next = p_B2[static_cast<std::int64_t>(i)][0].item<double>();
        const std::string label = next >= 0.5 ? "next" : "not-next";
        answers[chosen[i]] = options.common.json ? dump({{"label", label}, {"scores", {{"next", next}, {"not-next", 1 - next}}}})
                                                 : label + "\t" + fixed_decimals(std::max(next, 1 - next), 6);
      }
    }
    return answers;
  });
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
