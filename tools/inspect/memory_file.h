// SPDX-License-Identifier: BSD-3-Clause
// MemoryFile: a file that is said to be a memory file, opened to be read only. It may be in use,
// and may change, grow or shrink at any time: bytes are copied out before they are looked at. It is
// neither locked nor mapped (but for devdax devices, which can only be mapped). What the bytes mean
// is for Header and PageScan to say.
//
// Threads: one.
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
  /// Returns why not, with a remedy, for what cannot be read or is no file.
  static Result<std::unique_ptr<MemoryFile>> open(const std::string& path);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::string& path() const { return path_; }
  /// Returns the bytes of the file when it was opened.
  size_t size() const { return size_; }
  /// Returns whether the file is on persistent memory, where what is flushed survives a power cut.
  bool dax() const { return dax_; }

  /// Returns the process that has the file locked; nothing if none has. 0: a process of another
  /// namespace.
  std::optional<pid_t> user() const;

  /// Copies what there is from `offset` on into `to`. Returns the number of bytes, fewer than asked
  /// at the end only; or why the device cannot be read.
  Result<size_t> read(size_t offset, std::span<std::byte> to) const;

  /// Returns the first byte from `offset` on that was ever written, as far as the file system
  /// knows; size() if there is none. All before are zeros. Requires: offset <= size().
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
