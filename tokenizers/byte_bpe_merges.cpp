#include "tokenizers/byte_bpe_merges.h"

#include <algorithm>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace attend {

std::int32_t MergeReader::id_of(std::string_view piece, std::string_view first, std::string_view second, const std::string& place) const {
  if (const auto found = ids_.find(piece); found != ids_.end()) return found->second;
  throw UserError(name_ + ", " + place + ": the merge of '" + excerpt(first) + "' and '" + excerpt(second) + "' needs the piece '" +
                      excerpt(piece) + "', which the vocabulary lacks",
                  "take vocabulary and merges from the same folder");
}

void MergeReader::add(std::string_view first, std::string_view second, const std::string& place) {
  std::string joined(first);
  joined += second;
  const PairMerge merge{id_of(first, first, second, place), id_of(second, first, second, place), id_of(joined, first, second, place)};
  const auto pair = static_cast<std::uint64_t>(merge.first) << 32 | static_cast<std::uint32_t>(merge.second);
  if (!seen_.insert(pair).second)
    throw UserError(name_ + ", " + place + ": the merge of '" + excerpt(first) + "' and '" + excerpt(second) + "' stands there twice");
  merges_.push_back(merge);
}

void MergeReader::add_line(std::string_view line, const std::string& place) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0 || space + 1 == line.size() || line.find(' ', space + 1) != std::string_view::npos)
    throw UserError(name_ + ", " + place + ": expected two pieces with a space between them, found '" + excerpt(line) + "'");
  add(line.substr(0, space), line.substr(space + 1), place);
}

std::vector<PairMerge> read_merges(const std::filesystem::path& path, const std::vector<std::string>& pieces) {
  const std::string content = read_text_file(path, limits::kTokenizerFileBytes);
  MergeReader merges(pieces, path.string());
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    std::string_view line = std::string_view(content).substr(begin, end - begin);
    begin = end + 1;
    const std::string place = "line " + std::to_string(++number);
    if (!is_valid_utf8(line))
      throw UserError(path.string() + ", " + place + ": not valid UTF-8", "convert the file, for example with iconv");
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with("#version")) merges.add_line(line, place);
  }
  return merges.take();
}

std::string merge_lines(const std::vector<PairMerge>& merges, const std::vector<std::string>& pieces) {
  std::string lines = "#version: 0.2\n";
  for (const PairMerge& merge : merges)
    lines.append(pieces[static_cast<std::size_t>(merge.first)])
        .append(" ")
        .append(pieces[static_cast<std::size_t>(merge.second)])
        .append("\n");
  return lines;
}

}  // namespace attend
