#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/system_call.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";
constexpr auto kAbandonedAfter = std::chrono::hours(1);  // more than hashing the largest file takes

/// The process in "step-1.tmp-PID-RANDOM", or in "step-1.tmp-PID" of earlier versions; nothing where the name is of another form.
std::optional<pid_t> owner_of(const std::string& name, const std::string& prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  pid_t owner = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, owner);
  const bool is_whole = stop == end || (*stop == '-' && std::all_of(stop + 1, end, [](unsigned char c) { return std::isxdigit(c); }));
  return error == std::errc() && is_whole && owner > 0 ? std::optional(owner) : std::nullopt;
}

/// Whether nothing in `folder` was written within the last hour.
bool is_abandoned(const fs::path& folder) {
  try {
    auto newest = fs::last_write_time(folder);
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (!entry.is_symlink()) newest = std::max(newest, entry.last_write_time());
    return fs::file_time_type::clock::now() - newest > kAbandonedAfter;
  } catch (const fs::filesystem_error&) {  // somebody is moving it meanwhile
    return false;
  }
}

/// What an earlier process that was killed left beside `path`. A process that lives here is believed, a dead one only when its folder is
/// old: it may live in another container.
void remove_leftovers(const fs::path& path) {
  const std::string prefix = path.filename().string() + ".tmp-";
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(path.parent_path())) {
    const auto owner = owner_of(entry.path().filename().string(), prefix);
    if (!owner) continue;
    const bool may_live = *owner != ::getpid() && (::kill(*owner, 0) == 0 || errno != ESRCH);
    if (!may_live && is_abandoned(entry.path())) leftovers.push_back(entry.path());
  }
  for (const auto& leftover : leftovers) fs::remove_all(leftover);
}

void flush_file(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() || ::fsync(file.get()) != 0) throw_storage_error("flush", path);
}

/// Flushes everything under `folder` and lists its files by their relative paths.
Json flush_and_list(const fs::path& folder) {
  std::map<std::string, fs::path> files;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_symlink()) continue;
    if (entry.is_directory())
      folders.push_back(entry.path());
    else
      files.emplace(entry.path().lexically_relative(folder).generic_string(), entry.path());
  }
  Json listed = Json::object();
  for (const auto& [name, path] : files) {
    flush_file(path);
    listed[name] = {{"size", fs::file_size(path)}, {"sha256", sha256_file(path)}};
  }
  std::for_each(folders.rbegin(), folders.rend(), flush_folder);
  return listed;
}

/// Puts `staging` in the place of the folder `path`. With an exchange there is no moment at which neither is there.
void replace_folder(const fs::path& staging, const fs::path& path) {
  if (::renameat2(AT_FDCWD, staging.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0) {
    flush_folder(path.parent_path());
    fs::remove_all(staging);  // the older folder by now
    return;
  }
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) throw_storage_error("replace", path);
  // File systems without the exchange (NFS): the older folder steps aside, and comes back where the second rename fails.
  const fs::path aside = temporary_beside(path, "old");
  fs::rename(path, aside);
  std::error_code failed;
  fs::rename(staging, path, failed);
  if (failed) {
    fs::rename(aside, path);
    throw StorageError("cannot replace " + path.string() + ": " + failed.message());
  }
  flush_folder(path.parent_path());
  fs::remove_all(aside);
}

void fill_and_rename(const fs::path& staging, const fs::path& path, const std::function<void(const fs::path&)>& fill) {
  fs::create_directory(staging);
  fill(staging);
  const Json manifest = {{"format", "attend-folder"}, {"version", 1}, {"files", flush_and_list(staging)}};
  write_json_file(staging / kManifest, manifest);  // flushes the folder too
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    replace_folder(staging, path);
    return;
  }
  if (::rename(staging.c_str(), path.c_str()) != 0) throw_storage_error("write", path);
  flush_folder(path.parent_path());
}

bool is_plain_relative(const fs::path& path) {
  return !path.empty() && path.is_relative() && std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

}  // namespace

void write_folder_atomically(const fs::path& given, const std::function<void(const fs::path&)>& fill) {
  fs::path path = fs::absolute(given).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "a/b/" is "a/b"
  const fs::path staging = temporary_beside(path);
  try {
    if (fs::exists(path) && !fs::is_directory(path)) throw UserError(path.string() + " is a file; expected the name of a folder to write");
    fs::create_directories(path.parent_path());
    remove_leftovers(path);
    fill_and_rename(staging, path, fill);
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    fs::remove_all(staging, ignored);
    throw StorageError("cannot write " + path.string() + ": " + error.code().message());
  } catch (...) {
    show_as(staging.string(), path.string());  // what went wrong is told of the folder that the user knows
    std::error_code ignored;
    fs::remove_all(staging, ignored);
    throw;
  }
}

std::vector<std::string> manifest_faults(const fs::path& path, CheckHashes check) {
  const auto fault_of = [&](const std::string& name, const Json& entry) -> std::string {
    const fs::path file = path / name;
    if (!is_plain_relative(name)) return "lies outside the folder";
    if (!entry.is_object() || !entry.contains("size") || !entry.contains("sha256")) return "has no size and SHA-256 in the manifest";
    if (!fs::is_regular_file(file)) return "is missing";
    if (const Json size = fs::file_size(file); size != entry["size"])
      return "has " + size.dump() + " bytes; the manifest says " + entry["size"].dump();
    if (check == CheckHashes::kYes && Json(sha256_file(file)) != entry["sha256"]) return "has another SHA-256 than the manifest says";
    return "";
  };
  std::vector<std::string> faults;
  try {
    if (!fs::is_regular_file(path / kManifest)) return {"there is no manifest.json"};
    const Json manifest = read_json_file(path / kManifest);
    if (!manifest.is_object() || !manifest.contains("files") || !manifest["files"].is_object()) return {"manifest.json lists no files"};
    for (const auto& [name, entry] : manifest["files"].items())
      if (const std::string fault = fault_of(name, entry); !fault.empty()) faults.push_back(name + " " + fault);
  } catch (const UserError& error) {  // a manifest that is no JSON
    faults.emplace_back(error.what());
  } catch (const StorageError& error) {
    faults.emplace_back(error.what());
  } catch (const fs::filesystem_error& error) {
    faults.emplace_back(error.what());
  }
  return faults;
}

bool folder_is_complete(const fs::path& path, CheckHashes check) { return manifest_faults(path, check).empty(); }

}  // namespace attend
