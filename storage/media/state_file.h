// SPDX-License-Identifier: BSD-3-Clause
// StateWriter, StateReader: the state file of a graceful stop, `F.meta` beside a memory file `F`.
// It holds what makes the next start faster than a scan, as numbered sections of raw bytes. It is
// never needed: without it, or with one that is not sound, the start scans the memory file.
//
// Format: state_format.h. It is a libpmemobj pool, committed by one transaction. The writer returns
// a seal, which the memory file's superblock keeps; without the seal a state file is not believed.
// So nothing a file says leads anywhere before a checksum from outside it has vouched for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "storage/media/state_format.h"

namespace ember::storage {

class StatePool;

/// Which stop of which memory file a state file belongs to.
struct StateIdentity {
  uint64_t file_id = 0;
  uint64_t stop_id = 0;
  uint32_t format_version = 0;
  bool operator==(const StateIdentity&) const = default;
};

/// What the superblock keeps of a committed state file; all zeros where there is none.
struct StateSeal {
  uint64_t file_size = 0;
  uint64_t head_checksum = 0;
  uint64_t directory_offset = 0;
  uint64_t directory_size = 0;
  uint64_t directory_checksum = 0;
  bool operator==(const StateSeal&) const = default;
};
static_assert(std::is_trivially_copyable_v<StateSeal> && sizeof(StateSeal) == 40);

struct StateOptions {
  std::string path;
  StateIdentity identity;
  /// Outlives the host, not just the process: for DAX and --memory-file-sync. On a page-cache file
  /// it costs the writing to the disk.
  bool durable = false;
};

/// The size of the file that sections of these sizes take: beside their bytes about 4 MiB, and at
/// least 8 MiB.
Result<uint64_t> state_file_size(std::span<const uint64_t> section_sizes);

/// Removes a state file, and what a stop that was interrupted left of one.
void discard_state_file(const std::string& path);

/// Ownership: the file is `path`.tmp, removed by the destructor, until `commit` names it `path`.
/// Threads: one, but `write` may be called by several, each for its own sections.
class StateWriter {
 public:
  /// Takes the room for the whole file first, so that writing the sections does not run out of it.
  /// At most kStateMaxSections sections of at most kStateMaxSectionSize; 0 bytes are allowed.
  static Result<std::unique_ptr<StateWriter>> create(const StateOptions& options,
                                                     std::span<const uint64_t> section_sizes);
  ~StateWriter();
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  /// Section `n`, all of its bytes; in the file it starts at a multiple of 4096. Each once. It is
  /// written to the file and not into the pool's mapping, where the first touch of each 4 KiB would
  /// be a page fault: two thirds of the time of a stop.
  Result<void> write(size_t n, std::span<const std::byte> bytes);

  /// Once all sections are written: the file is whole and named `path`, or there is none. Once.
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

/// Reads the file's bytes, never through libpmemobj. It writes nothing.
/// Cost: opening reads some 8 KiB, however large the file; `read` and `verify` one pass each.
/// Threads: any number once open.
class StateReader {
 public:
  /// Fails, saying why, unless the file is the very one `seal` was given for, in `wanted`'s stop.
  static Result<std::unique_ptr<StateReader>> open(const std::string& path,
                                                   const StateIdentity& wanted,
                                                   const StateSeal& seal);
  StateReader(const StateReader&) = delete;
  StateReader& operator=(const StateReader&) = delete;

  size_t section_count() const { return sections_.size(); }
  size_t section_size(size_t n) const;

  /// Section `n` into `to`, which has its size, straight from the file. If it fails, as the file
  /// cannot be read or the checksum differs, what is in `to` is not to be believed.
  Result<void> read(size_t n, std::span<std::byte> to) const;

  /// Whether `read` would succeed.
  Result<void> verify(size_t n) const;

 private:
  StateReader(std::string path, Fd file, std::vector<StateSection> sections);
  template <typename PlaceFor>
  Result<void> read_pieces(size_t n, PlaceFor&& place_for) const;

  std::string path_;
  Fd file_;
  std::vector<StateSection> sections_;
};

}  // namespace ember::storage
