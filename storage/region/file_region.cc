// SPDX-License-Identifier: BSD-3-Clause
// The file is mapped by libpmem2, which also says whether its bytes are durable by flushing cache
// lines (DAX) or live in the page cache.
#include "storage/region/file_region.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libpmem2.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/fd.h"
#include "base/log.h"

namespace ember::storage {
namespace {

// Bytes that are mapped all at once rather than fault by fault.
constexpr size_t kWorthPopulating = 64 * kKiB;
constexpr mode_t kPermissions = 0600;  // the values are plainly readable in it

struct PmemDelete {
  void operator()(pmem2_map* map) const { pmem2_map_delete(&map); }
  void operator()(pmem2_source* source) const { pmem2_source_delete(&source); }
  void operator()(pmem2_config* config) const { pmem2_config_delete(&config); }
};
using Map = std::unique_ptr<pmem2_map, PmemDelete>;
using Source = std::unique_ptr<pmem2_source, PmemDelete>;
using Config = std::unique_ptr<pmem2_config, PmemDelete>;

class PmemPersist : public Persist {
 public:
  explicit PmemPersist(pmem2_map* map)
      : flush_(pmem2_get_flush_fn(map)), drain_(pmem2_get_drain_fn(map)) {}
  void flush(std::span<const std::byte> range) override { flush_(range.data(), range.size()); }
  void fence() override { drain_(); }

 private:
  pmem2_flush_fn flush_;
  pmem2_drain_fn drain_;
};

void populate(std::span<std::byte> bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data()) & ~(uintptr_t{4 * kKiB} - 1);
  const auto end = reinterpret_cast<uintptr_t>(bytes.data() + bytes.size());
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ);
}

bool lies_within(std::span<const std::byte> all, size_t offset, size_t size) {
  return offset <= all.size() && size <= all.size() - offset;
}

bool is_on(const Fd& file, decltype(statfs::f_type) filesystem) {
  struct statfs volume{};
  return ::fstatfs(file.get(), &volume) == 0 && volume.f_type == filesystem;
}

class FileRegion : public MemoryRegion {
 public:
  FileRegion(FileOptions options, Fd file, Map map, bool device, size_t found)
      : options_(std::move(options)),
        file_(std::move(file)),
        map_(std::move(map)),
        device_(device),
        found_(found) {
    check(pmem2_map_get_size(map_.get()) >= options_.size, "all of a region is mapped");
    if (pmem2_map_get_store_granularity(map_.get()) != PMEM2_GRANULARITY_PAGE) {
      persist_ = std::make_unique<PmemPersist>(map_.get());
    }
    if (is_on(file_, HUGETLBFS_MAGIC)) {
      page_kind_ = PageKind::huge;
    }
  }

  std::span<std::byte> bytes() override { return whole().first(options_.size); }
  std::span<std::byte> whole() override {
    return {static_cast<std::byte*>(pmem2_map_get_address(map_.get())),
            pmem2_map_get_size(map_.get())};
  }
  std::span<const std::byte> view(size_t offset, std::span<std::byte> room) override {
    debug_check([&] { return lies_within(whole(), offset, room.size()); },
                "what is read of a region lies within it");
    // Persistent memory is mapped by large pages, or in a few faults, and no copy of it is cached.
    const bool cached = !device_ && persist_ == nullptr;
    if (cached && ::pread(file_.get(), room.data(), room.size(), static_cast<off_t>(offset)) ==
                      static_cast<ssize_t>(room.size())) {
      return room;
    }
    const std::span<std::byte> place = whole().subspan(offset, room.size());
    if (place.size() >= kWorthPopulating) {
      populate(place);
    }
    return place;
  }
  Persist* persist() override { return persist_.get(); }
  bool persistent() const override { return true; }
  size_t found() override { return found_; }
  PageKind page_kind() const override { return page_kind_; }

  void ask_for_huge() {
    // Only tmpfs has a use for it; persistent memory is mapped hugely by itself.
    if (ask_for_huge_pages(whole(), "shmem_enabled") && is_on(file_, TMPFS_MAGIC)) {
      page_kind_ = PageKind::transparent;
    }
  }

  Result<void> cut() override {
    // The mapping stays; nothing is read behind bytes() any more.
    if (!device_ && ::ftruncate(file_.get(), static_cast<off_t>(options_.size)) != 0) {
      return fail_errno(fmt::format("cannot shorten {}", options_.path), errno);
    }
    return {};
  }

  /// A file stays as long as it is: what lies beyond its first size has no addresses here.
  Result<void> grow(size_t size) override {
    check(size > options_.size, "a region that grows is asked for more than it has");
    return fail(
        fmt::format("{} has {} MiB since the start, and cannot have {} MiB while it is in "
                    "use; restart with a larger -m",
                    options_.path, options_.size / kMiB, size / kMiB));
  }

  void decommit(size_t offset, size_t size) override {
    check(lies_within(bytes(), offset, size), "memory given back lies in the region");
    const int hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (!device_ &&
        ::fallocate(file_.get(), hole, static_cast<off_t>(offset), static_cast<off_t>(size)) != 0) {
      log::debug("the volume of {} takes no room back: errno {}", options_.path, errno);
    }
  }

  Result<void> commit(size_t offset, size_t size) override {
    check(lies_within(bytes(), offset, size), "memory taken again lies in the region");
    const int error = device_ ? 0 : file_.allocate(offset, size);
    if (error != 0 && error != EOPNOTSUPP) {
      return fail_errno(
          fmt::format("the volume of {} has no room any more; free some", options_.path), error);
    }
    return {};
  }

  Result<void> sync(size_t offset, size_t size) override {
    check(lies_within(whole(), offset, size), "what is written to the device lies in the region");
    if (persist_ == nullptr && ::msync(whole().data() + offset, size, MS_SYNC) != 0) {
      return fail_errno(fmt::format("cannot write {} to its device", options_.path), errno);
    }
    return {};
  }

  std::optional<std::string> state_path() override {
    struct stat ours{};
    struct stat named{};
    const bool same = ::fstat(file_.get(), &ours) == 0 &&
                      ::stat(options_.path.c_str(), &named) == 0 && ours.st_dev == named.st_dev &&
                      ours.st_ino == named.st_ino;
    if (!same) {
      log::warning(
          "{} was removed or replaced while in use: what is in memory is lost when Ember "
          "ends; leave the file alone while it runs",
          options_.path);
      return std::nullopt;
    }
    return device_ ? std::nullopt : std::optional(options_.path + ".meta");
  }

 private:
  FileOptions options_;
  Fd file_;
  Map map_;
  bool device_;
  size_t found_;  // bytes, before the file was enlarged
  PageKind page_kind_ = PageKind::usual;
  std::unique_ptr<Persist> persist_;
};

Result<Fd> open_file(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPermissions));
  if (file) {
    return file;
  }
  const int error = errno;
  if (error == EACCES || error == EROFS || error == EPERM) {
    return fail_errno(fmt::format("cannot open the memory file {} for writing; give it to the user "
                                  "Ember runs as (-u), or name another",
                                  path),
                      error);
  }
  return fail_errno(fmt::format("cannot open the memory file {}; its directory must be there, and "
                                "it must be a file or a devdax device",
                                path),
                    error);
}

/// Locks the file for this process. POSIX record locks, because those can tell who holds them.
Result<void> lock_file(const Fd& file, const std::string& path) {
  struct flock whole{.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
  if (::fcntl(file.get(), F_SETLK, &whole) == 0) {
    return {};
  }
  const int error = errno;
  if ((error == EAGAIN || error == EACCES) && ::fcntl(file.get(), F_GETLK, &whole) == 0 &&
      whole.l_type != F_UNLCK) {
    return fail(
        fmt::format("the memory file {} is in use by process {}; stop that, or name another "
                    "file",
                    path, whole.l_pid));
  }
  return fail_errno(
      fmt::format("cannot lock the memory file {}; another process may have it", path), error);
}

Result<void> allocate(const Fd& file, const FileOptions& options) {
  struct stat status{};
  if (::fstat(file.get(), &status) == 0 && static_cast<size_t>(status.st_size) >= options.size &&
      static_cast<size_t>(status.st_blocks) * 512 >= options.size) {
    return {};  // it has it already; asking page by page takes its time
  }
  // Sparse files break with SIGBUS where the volume is full: take all room now.
  const int error = file.allocate(0, options.size);
  if (error == 0 || error == EOPNOTSUPP) {
    return {};
  }
  struct statvfs volume{};
  const size_t free_mib =
      ::fstatvfs(file.get(), &volume) == 0 ? volume.f_bavail * volume.f_frsize / kMiB : 0;
  return fail_errno(
      fmt::format("the volume has no room for {} MiB of memory file {} ({} MiB free); "
                  "lower -m (--memory-limit=auto takes what there is) or enlarge it",
                  options.size / kMiB, options.path, free_mib),
      error);
}

/// Bytes of the file, 0 if it is new.
Result<size_t> size_of(const Source& source, const std::string& path) {
  size_t size = 0;
  if (pmem2_source_size(source.get(), &size) != 0) {
    return fail(fmt::format("cannot use {} as memory file: {}; name a file or a devdax device",
                            path, pmem2_errormsg()));
  }
  return size;
}

Result<Map> map_file(const Source& source, const FileOptions& options, size_t length) {
  check(length >= options.size && length % kMiB == 0, "a file is mapped in whole MiB, all of it");
  pmem2_config* raw = nullptr;
  if (pmem2_config_new(&raw) != 0) {
    return fail(fmt::format("cannot map {}: {}; free some memory", options.path, pmem2_errormsg()));
  }
  const Config config(raw);
  pmem2_map* map = nullptr;
  // "Required" is the coarsest that will do: the finest there is comes back.
  if (pmem2_config_set_required_store_granularity(config.get(), PMEM2_GRANULARITY_PAGE) != 0 ||
      pmem2_config_set_length(config.get(), length) != 0 ||
      pmem2_map_new(&map, config.get(), source.get()) != 0) {
    return fail(fmt::format("cannot map {} MiB of {}: {}; lower -m, or allow more address space",
                            length / kMiB, options.path, pmem2_errormsg()));
  }
  return Map(map);
}

}  // namespace

Result<std::unique_ptr<MemoryRegion>> open_file_region(const FileOptions& options) {
  check(options.size != 0 && options.size % kMiB == 0, "a memory file has whole MiB");
  auto file = open_file(options.path);
  if (!file) {
    return std::unexpected(file.error());
  }
  if (auto locked = lock_file(*file, options.path); !locked) {
    return std::unexpected(locked.error());
  }
  pmem2_source* raw = nullptr;
  if (pmem2_source_from_fd(&raw, file->get()) != 0) {
    return fail(fmt::format("cannot use {} as memory file: {}; name a file or a devdax device",
                            options.path, pmem2_errormsg()));
  }
  const Source source(raw);
  struct stat status{};
  ::fstat(file->get(), &status);
  const bool device = S_ISCHR(status.st_mode);
  const auto before =
      device ? size_of(source, options.path) : Result<size_t>(static_cast<size_t>(status.st_size));
  if (!before) {
    return std::unexpected(before.error());
  }
  if (device && *before < options.size) {
    return fail(fmt::format("{} has {} MiB, less than -m {}; lower -m, or --memory-limit=auto",
                            options.path, *before / kMiB, options.size / kMiB));
  }
  if (!device) {
    if (auto allocated = allocate(*file, options); !allocated) {
      return std::unexpected(allocated.error());
    }
  }
  // All of it: a device maps in its own steps only, and a longer file may hold items at its end.
  const size_t length = std::max(options.size, *before / kMiB * kMiB);
  auto map = map_file(source, options, length);
  if (!map) {
    return std::unexpected(map.error());
  }
  auto region =
      std::make_unique<FileRegion>(options, std::move(*file), std::move(*map), device, *before);
  if (options.huge_pages) {
    region->ask_for_huge();
  }
  return region;
}

Result<size_t> file_size_for_auto(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISCHR(status.st_mode)) {
      const Fd device(::open(path.c_str(), O_RDWR | O_CLOEXEC));
      pmem2_source* raw = nullptr;
      if (!device || pmem2_source_from_fd(&raw, device.get()) != 0) {
        return fail(fmt::format("cannot tell the size of {}; give --memory-limit in MiB", path));
      }
      const Source source(raw);
      auto size = size_of(source, path);
      return size ? *size / kMiB * kMiB : std::move(size);
    }
    if (static_cast<size_t>(status.st_size) >= kMiB) {
      return static_cast<size_t>(status.st_size) / kMiB * kMiB;
    }
  }
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct statvfs volume{};
  if (::statvfs(folder.c_str(), &volume) != 0) {
    return fail_errno(fmt::format("cannot tell the room in {}; the memory file's directory must be "
                                  "there",
                                  folder),
                      errno);
  }
  const size_t free = volume.f_bavail * volume.f_frsize;
  const size_t reserve = volume_reserve(volume.f_blocks * volume.f_frsize);
  if (free < reserve + kMiB) {
    return fail(
        fmt::format("--memory-limit=auto finds {} MiB free for {}, of which {} MiB are left "
                    "to others; free some room, or give --memory-limit in MiB",
                    free / kMiB, path, reserve / kMiB));
  }
  return (free - reserve) / kMiB * kMiB;
}

}  // namespace ember::storage
