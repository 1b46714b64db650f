#include "tokenizers/byte_bpe_json.h"

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "tokenizers/byte_bpe_merges.h"
#include "tokenizers/tokenizer_json.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr const char* kReadable = "only byte-level BPE tokenizers as GPT-2's can be read";

/// Refuses what changes the ids and is not done here.
void check_model(const JsonPart& model) {
  if (!model.json.is_object() || (model.has("type") && !model.is("BPE"))) model.refuse("a BPE model", kReadable);
  model.expect({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback",
                "ignore_merges", "vocab", "merges"});
  const auto refuse = [&](const char* key) {
    throw UserError(model.name + ": " + key + " is " + excerpt(model.json[key].dump()) + ", which is not supported", kReadable);
  };
  if (model.has("dropout") && json_number(model.json["dropout"], model.name, "dropout") != 0) refuse("dropout");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!model.text(key, "").empty()) refuse(key);
  for (const char* key : {"byte_fallback", "ignore_merges"})
    if (model.flag(key, false)) refuse(key);
}

void read_model(const JsonPart& model, ByteBpeFiles& files) {
  check_model(model);
  files.pieces = read_vocabulary(model.at("vocab"), model.name, "vocab");
  if (model.has("unk_token")) files.byte_unk = model.text("unk_token");
  files.fuse_unk = model.flag("fuse_unk", false);

  const Json& listed = model.at("merges");
  if (!listed.is_array()) throw UserError(model.name + ": 'merges' is not a list");
  MergeReader merges(files.pieces, model.name);
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const std::string place = "merge " + std::to_string(i + 1);
    const Json& merge = listed[i];
    if (merge.is_string())
      merges.add_line(merge.get_ref<const std::string&>(), place);
    else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
      merges.add(merge[0].get_ref<const std::string&>(), merge[1].get_ref<const std::string&>(), place);
    else
      throw UserError(model.name + ", " + place + ": expected \"a b\" or [\"a\", \"b\"]");
  }
  files.merges = merges.take();
}

void read_pre_tokenizer(const JsonPart& part, ByteBpeFiles& files) {
  if (!part.is("ByteLevel")) part.refuse("a ByteLevel pre-tokenizer", kReadable);
  part.expect({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  files.add_prefix_space = part.flag("add_prefix_space", true);
  if (!part.flag("use_regex", true)) throw UserError(part.name + ": use_regex is false, which is not supported", kReadable);
}

/// One text is the text itself, or a token and the text.
void read_template(const JsonPart& part, ByteBpeFiles& files) {
  part.expect({"type", "single", "pair", "special_tokens"});
  const Json& single = part.at("single");
  const auto is_text = [](const Json& item) { return item.is_object() && item.size() == 1 && item.contains("Sequence"); };
  if (single.is_array() && single.size() == 1 && is_text(single[0])) return;
  if (!single.is_array() || single.size() != 2 || !is_text(single[1]) || !single[0].is_object() || !single[0].contains("SpecialToken"))
    throw UserError(part.name + " is not GPT-2's template", "expected a text alone, or the token that begins a text before it");
  const JsonPart token{single[0]["SpecialToken"], part.name + ": SpecialToken"};
  files.adds_bos = true;
  files.bos = token.text("id");
}

void read_post_processor(const JsonPart& part, ByteBpeFiles& files) {
  if (part.json.is_null()) return;
  if (part.is("TemplateProcessing"))
    read_template(part, files);
  else if (part.is("ByteLevel"))
    part.expect({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  else
    part.refuse("a ByteLevel or TemplateProcessing", kReadable);
}

}  // namespace

void read_byte_bpe_json(const fs::path& path, ByteBpeFiles& files) {
  const std::string name = path.string();
  files.tokenizer_json = read_text_file(path, limits::kTokenizerFileBytes);
  const Json json = parse_json(*files.tokenizer_json, name);
  const JsonPart file{json, name};
  file.expect({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"});
  const auto part = [&](const char* key) { return tokenizer_part(json, name, key); };

  read_model(part("model"), files);
  if (const JsonPart normalizer = part("normalizer"); !normalizer.json.is_null()) normalizer.refuse("none", kReadable);
  read_pre_tokenizer(part("pre_tokenizer"), files);
  files.added = read_added_tokens(file);
  read_post_processor(part("post_processor"), files);
  const JsonPart decoder = part("decoder");
  if (!decoder.is("ByteLevel")) decoder.refuse("a ByteLevel decoder", kReadable);
  decoder.expect({"type", "add_prefix_space", "trim_offsets", "use_regex"});
}

}  // namespace attend
