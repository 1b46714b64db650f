// What must hold of the LSTM that translates, without a reference; its steps against LibTorch's.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/field_io.h"
#include "models/lstm/model.h"
#include "tests/models/gradient_check.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

LstmConfig small_config(SourceAttention attention = SourceAttention::kGlobal, AlignmentScore score = AlignmentScore::kGeneral) {
  LstmConfig config = lstm_preset("tiny");
  config.hidden_size = 32;
  config.num_layers = 2;
  config.attention = attention;
  config.score = score;
  config.local_window = 2;
  config.vocab_size = 50;
  config.pad_id = config.decoder_start_id = 49;
  config.max_positions = 20;
  return config;
}

std::vector<LstmConfig> all_configs() {
  std::vector<LstmConfig> all{small_config(SourceAttention::kNone), small_config(SourceAttention::kHard),
                              small_config(SourceAttention::kLocal), small_config(SourceAttention::kLocal, AlignmentScore::kAdditive)};
  all[2].local_place = LocalPlace::kMonotonic;
  for (const auto& [score, name] : EnumNames<AlignmentScore>::values) all.push_back(small_config(SourceAttention::kGlobal, score));
  return all;
}

std::string name_of(const LstmConfig& config) {
  return std::string(enum_name(config.attention)) + " " + std::string(enum_name(config.score)) + " " +
         std::string(enum_name(config.local_place));
}

PackedIds ids(std::vector<std::vector<std::int64_t>> rows) {
  PackedIds packed;
  for (const auto& row : rows) {
    packed.ids.insert(packed.ids.end(), row.begin(), row.end());
    packed.lengths.push_back(static_cast<std::int64_t>(row.size()));
  }
  return packed;
}

double difference(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).abs().max().item<double>(); }

std::shared_ptr<LstmModel> model_of(const LstmConfig& config) {
  auto model = std::dynamic_pointer_cast<LstmModel>(make_lstm(config, 1, torch::kCPU));
  const torch::NoGradGuard no_gradient;
  for (auto& parameter : model->parameters()) parameter.add_(torch::randn_like(parameter) * 0.1);  // so that errors show
  return model;
}

const PairBatch kPairs{ids({{5, 6, 7, 8, 9, 10, 0}, {11, 0}, {3, 4, 12, 0}}), ids({{3, 0}, {12, 13, 14, 0}, {7, 7, 8, 9, 0}})};

std::string message_of(const auto& work) {
  try {
    work();
  } catch (const UserError& error) {
    return error.what();
  }
  return "nothing thrown";
}

}  // namespace

TEST_CASE("the LSTM's own steps are LibTorch's, states and gradients, both ways") {
  torch::manual_seed(1);
  Lstm lstm(12, 20);
  lstm->initialize();
  const PackedLayout layout({3, 7, 1, 7}, torch::kCPU);
  for (const auto direction : {TimeMajor::Direction::kForward, TimeMajor::Direction::kBackward}) {
    const TimeMajor time(layout, direction);
    const auto x = torch::randn({18, 12}).requires_grad_();
    const LstmState first{.hidden = torch::randn({4, 20}).requires_grad_(), .cell = torch::randn({4, 20}).requires_grad_()};
    const auto weights = torch::randn({18, 20}), of_last = torch::randn({4, 40});
    std::vector<torch::Tensor> inputs{x, first.hidden, first.cell, lstm->input_weight, lstm->hidden_weight, lstm->bias};
    const auto run = [&](auto forward) {
      const LstmImpl::Output output = ((*lstm).*forward)(x, time, first);
      const auto last = torch::cat({output.last.hidden, output.last.cell}, 1);
      auto all = torch::autograd::grad({(output.hidden_NH * weights).sum() + (last * of_last).sum()}, inputs);
      all.push_back(output.hidden_NH.detach());
      all.push_back(last.detach());
      return all;
    };
    const auto ours = run(&LstmImpl::forward), theirs = run(&LstmImpl::forward_library);
    for (std::size_t i = 0; i < ours.size(); ++i) {
      INFO(i);
      CHECK(difference(ours[i], theirs[i]) < 1e-5);  // 2e-6 seen
    }
  }
}

TEST_CASE("one step at a time is all steps in one") {
  torch::manual_seed(2);
  const torch::NoGradGuard no_gradient;
  Lstm lstm(6, 10);
  lstm->initialize();
  const auto x = torch::randn({5, 6});
  const TimeMajor time(PackedLayout({5}, torch::kCPU));
  const auto whole = lstm->forward(x, time);
  LstmState state{.hidden = torch::zeros({1, 10}), .cell = torch::zeros({1, 10})};
  for (std::int64_t t = 0; t < 5; ++t) {
    state = lstm->step(x.narrow(0, t, 1), state);
    CHECK(difference(state.hidden, whole.hidden_NH.narrow(0, t, 1)) < 1e-6);
  }
  CHECK(difference(state.cell, whole.last.cell) < 1e-6);
}

TEST_CASE("the LSTM's plain steps pass a float64 gradient check") {
  torch::manual_seed(3);
  const auto gates = torch::randn({7, 16}, torch::kFloat64).requires_grad_(),
             weight = torch::randn({16, 4}, torch::kFloat64).requires_grad_();
  const auto hidden = torch::randn({3, 4}, torch::kFloat64).requires_grad_(), cell = torch::randn({3, 4}, torch::kFloat64).requires_grad_();
  const auto weights = torch::randn({7, 8}, torch::kFloat64);
  const auto value = [&] {
    const LstmState states = lstm_steps(gates, weight, {.hidden = hidden, .cell = cell}, {3, 3, 1});
    return (torch::cat({states.hidden, states.cell}, 1) * weights).sum();
  };
  CHECK(worst_gradient_error(value, {gates, weight, hidden, cell}, /*every=*/3) < 1e-7);
}

TEST_CASE("an LSTM's batch gives each pair what it gets alone") {
  for (const LstmConfig& config : all_configs()) {
    INFO(name_of(config));
    torch::manual_seed(4);
    const auto model = model_of(config);
    model->eval();
    const PairBatch second{ids({{11, 0}}), ids({{12, 13, 14, 0}})};
    CHECK(difference(model->logits(kPairs).narrow(0, 2, 4), model->logits(second)) < 1e-5);
  }
}

TEST_CASE("an LSTM's target position ignores the target's future, and sees the source") {
  for (const LstmConfig& config : all_configs()) {
    INFO(name_of(config));
    torch::manual_seed(5);
    const auto model = model_of(config);
    model->eval();
    const auto source = ids({{5, 6, 7, 0}});
    const auto one = model->logits({source, ids({{3, 4, 5, 6, 0}})}), other = model->logits({source, ids({{3, 4, 9, 8, 0}})});
    CHECK(torch::equal(one.narrow(0, 0, 3), other.narrow(0, 0, 3)));
    CHECK(difference(one[3], other[3]) > 1e-4);
    CHECK(difference(one[0], model->logits({ids({{8, 6, 7, 0}}), ids({{3, 4, 5, 6, 0}})})[0]) > 1e-5);
  }
}

TEST_CASE("an LSTM that decodes a step at a time gives training's logits, rows that change places included") {
  for (const LstmConfig& config : all_configs()) {
    INFO(name_of(config));
    torch::manual_seed(6);
    const torch::NoGradGuard no_gradient;
    const auto model = model_of(config);
    model->eval();
    const auto decoder = model->start_decoding(ids({{5, 6, 7, 0}, {11, 12, 0}}), /*rows_per_sentence=*/2, /*max_steps=*/5);
    (void)decoder->step(std::vector<std::int64_t>{49, 49, 49, 49});
    (void)decoder->step(std::vector<std::int64_t>{3, 4, 5, 6});
    decoder->reorder(std::vector<std::int64_t>{2, 1, 0});  // the second sentence's first row comes first
    const auto logits = decoder->step(std::vector<std::int64_t>{7, 8, 9});
    const auto expected = [&](std::vector<std::int64_t> source, std::vector<std::int64_t> target) {
      return model->logits({ids({std::move(source)}), ids({std::move(target)})})[2];
    };
    CHECK(difference(logits[0], expected({11, 12, 0}, {5, 7, 0})) < 1e-5);
    CHECK(difference(logits[1], expected({5, 6, 7, 0}, {4, 8, 0})) < 1e-5);
    CHECK(difference(logits[2], expected({5, 6, 7, 0}, {3, 9, 0})) < 1e-5);
  }
}

TEST_CASE("an LSTM's alignment is a distribution over what its kind may look at") {
  for (const LstmConfig& config : all_configs()) {
    if (!config.looks()) continue;
    INFO(name_of(config));
    torch::manual_seed(7);
    const auto model = model_of(config);
    model->eval();
    const auto weights = model->alignment_TS(kPairs);
    REQUIRE(weights.sizes() == torch::IntArrayRef({11, 7}));
    CHECK(weights.narrow(0, 2, 4).narrow(1, 2, 5).abs().max().item<double>() == 0);  // the second source has two tokens
    const auto sums = weights.sum(1);
    if (config.attention == SourceAttention::kLocal && config.local_place == LocalPlace::kPredictive)
      CHECK(sums.max().item<double>() <= 1 + 1e-6);  // times a Gaussian of at most one
    else
      CHECK(difference(sums, torch::ones_like(sums)) < 1e-6);
    if (config.attention == SourceAttention::kHard) CHECK(torch::equal(weights, (weights == 1).to(torch::kFloat32)));
    if (config.local_place == LocalPlace::kMonotonic && config.attention == SourceAttention::kLocal) {
      CHECK(weights[0].narrow(0, 3, 4).abs().max().item<double>() == 0);  // place 0, two on each side
      CHECK(weights[0].narrow(0, 0, 3).min().item<double>() > 0);
    }
  }
}

TEST_CASE("local-p weighs by a Gaussian around the place it predicts") {
  torch::manual_seed(8);
  const torch::NoGradGuard no_gradient;
  LstmConfig config = small_config(SourceAttention::kLocal, AlignmentScore::kDot);
  config.local_window = 4;
  Alignment local(config);
  config.attention = SourceAttention::kGlobal;
  Alignment global(config);
  local->initialize();
  const PackedLayout layout({9}, torch::kCPU);
  const auto states = torch::randn({9, 32}), query = torch::randn({1, 32});
  const auto alpha = global->look(query, global->source(states, layout), 0).weights_RS[0];
  const auto seen = local->look(query, local->source(states, layout), 0).weights_RS[0];
  auto parameters = local->named_parameters();
  const auto hidden = torch::tanh(torch::matmul(parameters["place.weight"], query[0]) + parameters["place.bias"]);
  const double place = 9 * torch::sigmoid(torch::dot(hidden, parameters["place_score"])).item<double>();
  double total = 0;
  for (std::int64_t s = 0; s < 9; ++s)
    if (std::abs(static_cast<double>(s) - place) <= 4) total += alpha[s].item<double>();
  for (std::int64_t s = 0; s < 9; ++s) {
    const double distance = static_cast<double>(s) - place;
    const double expected =
        std::abs(distance) <= 4 ? alpha[s].item<double>() / total * std::exp(-distance * distance / (2 * 2.0 * 2.0)) : 0;
    CHECK(std::abs(seen[s].item<double>() - expected) < 1e-6);
  }
}

TEST_CASE("an LSTM's fast step has the plain one's gradients, whichever of its results is used") {
  torch::manual_seed(12);
  const auto gates = torch::randn({5, 80}), cell = torch::randn({5, 20}), weights = torch::randn({5, 40});
  for (const auto& [hidden_share, cell_share] : {std::pair{1.0, 1.0}, {1.0, 0.0}, {0.0, 1.0}}) {
    const auto gradients = [&](torch::ScalarType type) {
      const std::vector<torch::Tensor> inputs{gates.to(type).detach().requires_grad_(), cell.to(type).detach().requires_grad_()};
      const LstmState next = lstm_cell(inputs[0], inputs[1]);
      torch::Tensor value;
      if (hidden_share > 0) value = (next.hidden * weights.narrow(1, 0, 20)).sum();
      if (cell_share > 0) value = (value.defined() ? value : torch::zeros({}, type)) + (next.cell * weights.narrow(1, 20, 20)).sum();
      return torch::autograd::grad({value}, inputs);
    };
    const auto fast = gradients(torch::kFloat32), plain = gradients(torch::kFloat64);  // float64 takes the formula as it is written
    for (std::size_t i = 0; i < fast.size(); ++i) CHECK(difference(fast[i], plain[i]) < 1e-5);
  }
}

TEST_CASE("the decoder's split weights are its first layer's on embedding and last look side by side") {
  torch::manual_seed(13);
  const torch::NoGradGuard no_gradient;
  LstmConfig config = small_config();
  config.num_layers = 1;
  const auto model = model_of(config);
  model->eval();
  const LstmMemory memory = model->encode(ids({{5, 6, 0}}));
  LstmDecoderState state = model->first_state(memory);
  state.attentional_RH = torch::randn({1, 32});
  const LstmState before = state.layers[0];
  const auto table = model->named_parameters()["source_embedding"], id = torch::tensor(std::vector<std::int64_t>{7});
  const auto read = torch::cat({table.index_select(0, id), state.attentional_RH}, 1);
  (void)model->step(model->read_ids(id), state, model->aligned_source(memory), model->step_weights());
  const Lstm first(std::dynamic_pointer_cast<LstmImpl>(model->named_modules()["decoder_layers.0"]));
  CHECK(difference(state.layers[0].hidden, first->step(read, before).hidden) < 1e-6);
}

TEST_CASE("hard attention: the loss's extra terms are REINFORCE's, and are gone when it does not train") {
  LstmConfig config = small_config(SourceAttention::kHard);
  config.dropout = 0;
  bool trains = true;
  const auto loss_with = [&](double reward, double entropy, HardBaseline baseline = HardBaseline::kMean) {
    config.hard_reward = reward;
    config.hard_entropy = entropy;
    config.hard_baseline = baseline;
    torch::manual_seed(9);
    const auto model = model_of(config);
    model->train(trains);
    torch::manual_seed(10);
    const SummedLoss loss = model->loss(kPairs, 0);
    if (!trains || reward + entropy == 0) CHECK(-loss.log_likelihood() == Approx(loss.loss.item<double>()).epsilon(1e-5));
    return loss.loss.item<double>();
  };
  const double plain = loss_with(0, 0), rewarded = loss_with(1, 0), both = loss_with(1, 0.5), twice = loss_with(2, 0);
  CHECK(rewarded != plain);
  CHECK(twice - plain == Approx(2 * (rewarded - plain)).epsilon(1e-3));
  CHECK(both < rewarded);  // entropies are above zero
  // Without a baseline every reward is a negative number times the logarithm of a share: their products are taken off the loss.
  const double bare = loss_with(1, 0, HardBaseline::kNone);
  CHECK(bare < plain);
  CHECK(bare != rewarded);
  trains = false;
  CHECK(loss_with(1, 1) == loss_with(0, 0));
}

TEST_CASE("the surrogate of hard attention has the gradient of the expected reward") {
  // One look at three states, reward r_s for looking at s: the gradient of sum_s alpha_s r_s, against the mean of many draws.
  torch::manual_seed(11);
  LstmConfig config = small_config(SourceAttention::kHard, AlignmentScore::kDot);
  Alignment alignment(config);
  alignment->train();
  const PackedLayout layout({3}, torch::kCPU);
  const auto states = torch::randn({3, 32}) * 0.3, rewards = torch::tensor({1.0f, -2.0f, 0.5f});
  const auto query = (torch::randn({1, 32}) * 0.3).requires_grad_();
  const auto source = alignment->source(states, layout);
  LstmConfig soft = config;
  soft.attention = SourceAttention::kGlobal;
  const auto alpha = Alignment(soft)->look(query, source, 0).weights_RS[0];
  const auto exact = torch::autograd::grad({torch::dot(alpha, rewards)}, {query})[0];
  constexpr std::int64_t kDraws = 20000;
  const auto rows = torch::zeros({kDraws}, torch::kInt64);
  const Look looks = alignment->look(query.expand({kDraws, 32}), source.select(rows), 0, torch::ones({kDraws}, torch::kBool));
  const auto reward = torch::matmul(looks.weights_RS, rewards) - 0.2;  // any baseline leaves the mean as it is
  const auto drawn = torch::autograd::grad({(reward.detach() * looks.log_probability_R).mean()}, {query})[0];
  CHECK(difference(exact, drawn) < 0.02 * exact.abs().max().item<double>() + 0.01);
}

TEST_CASE("an LSTM's folder is read back, says whose it is, and is refused where it does not fit") {
  for (const LstmConfig& config : all_configs()) {
    INFO(name_of(config));
    const auto model = model_of(config);
    model->eval();
    const TempFolder folder;
    model->save(folder.path());
    const Json json = read_json_file(folder / "config.json");
    CHECK(json.at("model_type") == "attend-lstm");
    CHECK(json.at("architectures").at(0) == "AttendLstmForTranslation");
    CHECK(torch::equal(load_seq2seq(folder.path())->logits(kPairs), model->logits(kPairs)));
  }
  const TempFolder folder;
  model_of(small_config())->save(folder.path());
  Json json = read_json_file(folder / "config.json");
  const auto load_with = [&](const char* key, const Json& value) {
    Json changed = json;
    changed[key] = value;
    write_json_file(folder / "config.json", changed);
    return message_of([&] { load_seq2seq(folder.path()); });
  };
  CHECK_THAT(load_with("hidden_size", 33), Catch::Contains("hidden_size is 33; expected an even number"));
  CHECK_THAT(load_with("attention", "none"), Catch::Contains("alignment"));
  CHECK_THAT(load_with("attention", "wide"), Catch::Contains("expected none|global|local|hard"));
  CHECK_THAT(load_with("local_window", 0), Catch::Contains("local_window is 0"));
  CHECK_THAT(load_with("hard_reward", -1), Catch::Contains("hard_reward"));
  CHECK_THAT(load_with("hidden_size", 64), Catch::Contains("describes a model of 142464 parameters"));
}

TEST_CASE("parameters, dropout and draws of an LSTM are functions of their seeds") {
  const LstmConfig config = small_config(SourceAttention::kHard);
  const auto loss = [&](std::uint64_t model_seed, std::uint64_t seed) {
    const auto model = make_lstm(config, model_seed, torch::kCPU);
    torch::manual_seed(seed);
    return model->loss(kPairs, 0.1).loss.item<double>();
  };
  CHECK(loss(1, 5) == loss(1, 5));
  CHECK(loss(1, 5) != loss(2, 5));
  CHECK(loss(1, 5) != loss(1, 6));
}

}  // namespace attend
