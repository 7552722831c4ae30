// SPDX-License-Identifier: BSD-3-Clause
// StateWriter: writes a state file (state_file.h): a new file, room for all of it, a pool in it,
// sections, one transaction, its name. What the sections mean is the caller's
// (storage/restart/snapshot.h).
//
// Ownership: the file is `path`.tmp, removed by the destructor, until commit() names it `path`.
// Threads: one, but write() may be called by several, each for its own sections.
// Invariants: a file at `path` is whole; sections are in the order asked for and do not overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "storage/media/state_file.h"
#include "storage/media/state_format.h"

namespace ember::storage {

class StatePool;

struct StateOptions {
  std::string path;
  StateIdentity identity;
  /// Outlives the host, not just the process: for DAX and --memory-file-sync. On a page-cache file
  /// it costs the writing to the disk.
  bool durable = false;
};

/// Returns the size of the file that sections of these sizes take: beside their bytes about 4 MiB,
/// and at least 8 MiB. Fails where there are too many, or one is too large (state_format.h).
Result<uint64_t> state_file_size(std::span<const uint64_t> section_sizes);

class StateWriter {
 public:
  /// Takes the room for the whole file first, so that writing the sections does not run out of it.
  /// Fails, with a remedy, where the volume has too little, the folder cannot be written to, or the
  /// sections are more or larger than state_format.h allows; 0 bytes are allowed.
  static Result<std::unique_ptr<StateWriter>> create(const StateOptions& options,
                                                     std::span<const uint64_t> section_sizes);
  ~StateWriter();
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  /// Writes section `n`, all of its bytes; in the file it starts at a multiple of 4096. They go to
  /// the file and not into the pool's mapping, where the first touch of each 4 KiB would be a page
  /// fault: two thirds of the time of a stop. Returns why not where the volume fails.
  /// Requires: a section that create() was told of, of that size, written once.
  Result<void> write(size_t n, std::span<const std::byte> bytes);

  /// Makes the file whole and names it `path`. Returns its seal; or why not: then there is no file.
  /// Requires: all sections are written; once.
  Result<StateSeal> commit();

 private:
  explicit StateWriter(StateOptions options);
  Result<void> take_room(uint64_t size);
  Result<void> make_pool();
  Result<void> lay_out(std::span<const uint64_t> section_sizes);
  StateSeal write_directory();
  Result<uint64_t> checksum_head() const;
  Result<void> rename() const;

  StateOptions options_;
  std::string temporary_;
  Fd file_;
  uint64_t file_size_ = 0;
  std::unique_ptr<StatePool> pool_;
  std::span<std::byte> directory_;
  std::vector<StateSection> sections_;
};

}  // namespace ember::storage
