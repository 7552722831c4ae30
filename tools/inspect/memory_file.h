// SPDX-License-Identifier: BSD-3-Clause
// MemoryFile: a file somebody says is a memory file, opened to be read only. It may be in use, and
// may change, grow or shrink at any time: bytes are copied out before they are looked at. It is
// neither locked nor mapped (but for devdax devices, which can only be mapped).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace ember::inspect {

class MemoryFile {
 public:
  static Result<std::unique_ptr<MemoryFile>> open(const std::string& path);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::string& path() const { return path_; }
  size_t size() const { return size_; }
  /// On persistent memory, where what is flushed survives a power cut.
  bool dax() const { return dax_; }

  /// The process that has it; nobody in most cases. 0: one this process cannot see.
  std::optional<pid_t> user() const;

  /// Copies what there is from `offset` on; the number of bytes. Fewer than asked at the end only.
  Result<size_t> read(size_t offset, std::span<std::byte> to) const;

  /// The first byte from `offset` on that was ever written, as far as the file system knows;
  /// size() if none. What is before it is zeros.
  size_t next_data(size_t offset) const;

 private:
  MemoryFile(std::string path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  Result<void> open_device();

  std::string path_;
  Fd file_;
  size_t size_ = 0;
  bool dax_ = false;
  std::span<const std::byte> mapped_;  // a device's
};

}  // namespace ember::inspect
