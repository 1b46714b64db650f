#include "core/metrics_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/system_call.h"
#include "core/text.h"

namespace attend {
namespace {

/// False for a record that the resumed run will write again.
bool is_kept(const std::string& line, const std::string& name, std::int64_t resume_step) {
  const Json record = parse_json(line, name);
  if (!record.is_object() || !record.contains("step")) return true;
  return json_integer(record["step"], name, "step") <= resume_step;
}

}  // namespace

MetricsLog::MetricsLog(std::filesystem::path path, std::int64_t resume_step) : path_(std::move(path)) {
  std::error_code ignored;
  if (!std::filesystem::exists(path_, ignored)) return;
  const std::string content = read_file(path_, limits::kJsonBytes);
  std::string kept;
  std::size_t number = 0;
  for (std::size_t start = 0; start < content.size();) {
    const std::size_t end = content.find('\n', start);
    if (end == std::string::npos) break;  // cut short by a crash
    const std::string line = content.substr(start, end - start);
    const std::string name = path_.string() + " line " + std::to_string(++number);
    try {
      if (is_kept(line, name, resume_step)) kept += line + "\n";
    } catch (const UserError& error) {
      log_warning(std::string(error.what()) + "; the line is dropped");
    }
    start = end + 1;
  }
  if (kept != content) write_file_atomically(path_, kept);
}

void MetricsLog::append(const Json& record) {
  const std::string line = record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const Descriptor file(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
  struct stat before {};
  if (!file.is_open() || ::fstat(file.get(), &before) != 0) throw_storage_error("write", path_);
  if (write_all(file.get(), std::as_bytes(std::span(line.data(), line.size())))) return;
  const int error = errno;
  (void)!::ftruncate(file.get(), before.st_size);  // a full disk leaves whole lines too
  errno = error;
  throw_storage_error("write", path_);
}

}  // namespace attend
