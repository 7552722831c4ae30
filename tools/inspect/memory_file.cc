// SPDX-License-Identifier: BSD-3-Clause
#include "tools/inspect/memory_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libpmem2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace ember::inspect {
namespace {

bool on_dax(int file) {
  struct statx status{};
  return ::statx(file, "", AT_EMPTY_PATH, STATX_TYPE, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_DAX) != 0;
}

}  // namespace

Result<std::unique_ptr<MemoryFile>> MemoryFile::open(const std::string& path) {
  // Without waiting for a writer, should it be a pipe.
  Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) {
    return fail_errno(
        fmt::format("cannot read {}; name the memory file, and run as its owner or root", path),
        errno);
  }
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) {
    return fail_errno(fmt::format("cannot read {}; try again", path), errno);
  }
  std::unique_ptr<MemoryFile> file(new MemoryFile(path, std::move(fd)));
  if (S_ISCHR(status.st_mode)) {
    auto opened = file->open_device();
    return opened ? Result<std::unique_ptr<MemoryFile>>(std::move(file))
                  : std::unexpected(opened.error());
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(fmt::format("{} is {}; name a memory file", path,
                            S_ISDIR(status.st_mode) ? "a directory" : "no file"));
  }
  file->size_ = static_cast<size_t>(status.st_size);
  file->dax_ = on_dax(file->file_.get());
  return file;
}

Result<void> MemoryFile::open_device() {
  check(mapped_.empty(), "a device is mapped once");
  pmem2_source* source = nullptr;
  const bool known =
      pmem2_source_from_fd(&source, file_.get()) == 0 && pmem2_source_size(source, &size_) == 0;
  pmem2_source_delete(&source);
  if (!known) {
    return fail(fmt::format("{} is a device, but not a devdax one; name a memory file", path_));
  }
  void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_.get(), 0);
  if (mapped == MAP_FAILED) {
    return fail_errno(fmt::format("cannot map {}; run as its owner or root", path_), errno);
  }
  mapped_ = {static_cast<const std::byte*>(mapped), size_};
  dax_ = true;
  return {};
}

MemoryFile::~MemoryFile() {
  if (!mapped_.empty()) {
    ::munmap(const_cast<std::byte*>(mapped_.data()), mapped_.size());
  }
}

std::optional<pid_t> MemoryFile::user() const {
  struct flock asked{.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
  if (::fcntl(file_.get(), F_GETLK, &asked) != 0 || asked.l_type == F_UNLCK) {
    return std::nullopt;
  }
  return asked.l_pid;
}

Result<size_t> MemoryFile::read(size_t offset, std::span<std::byte> to) const {
  if (!mapped_.empty()) {
    check(mapped_.size() == size_, "a device is mapped whole");
    const size_t size = offset < size_ ? std::min(to.size(), size_ - offset) : 0;
    std::memcpy(to.data(), mapped_.data() + std::min(offset, size_), size);
    return size;
  }
  size_t done = 0;
  while (done < to.size()) {
    const ssize_t got =
        ::pread(file_.get(), to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return fail_errno(
          fmt::format("cannot read {} at byte {}; its device may be failing", path_, offset + done),
          errno);
    }
    if (got == 0) {
      break;
    }
    done += static_cast<size_t>(got);
    check(done <= to.size(), "no more is read than there is room for");
  }
  return done;
}

size_t MemoryFile::next_data(size_t offset) const {
  check(offset <= size_, "data are looked for within the file");
  if (!mapped_.empty()) {
    return offset;
  }
  const off_t data = ::lseek(file_.get(), static_cast<off_t>(offset), SEEK_DATA);
  if (data >= 0) {
    return std::min(static_cast<size_t>(data), size_);
  }
  return errno == ENXIO ? size_ : offset;  // not every file system can tell
}

}  // namespace ember::inspect
