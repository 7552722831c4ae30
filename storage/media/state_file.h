// SPDX-License-Identifier: BSD-3-Clause
// state_file: which stop a state file belongs to, and the seal by which it is known. A state file
// is what a graceful stop leaves, `F.meta` beside a memory file `F`: what makes the next start
// faster than a scan, as numbered sections of raw bytes. It is never needed: without it, or with
// one that is damaged, the start scans the memory file.
//
// Written by StateWriter (state_writer.h), read by StateReader (state_reader.h), its bytes are in
// state_format.h. It is a libpmemobj pool, committed by one transaction. The writer returns a seal,
// which the memory file's superblock keeps; without the seal a state file is not believed. So no
// number in the file is followed before a checksum from outside the file covers it.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace ember::storage {

/// Which stop of which memory file a state file belongs to.
struct StateIdentity {
  uint64_t file_id = 0;
  uint64_t stop_id = 0;
  uint32_t format_version = 0;
  bool operator==(const StateIdentity&) const = default;
};

/// What the superblock keeps of a committed state file; all zeros where there is none.
/// Part of the media format.
struct StateSeal {
  uint64_t file_size = 0;
  uint64_t head_checksum = 0;
  uint64_t directory_offset = 0;
  uint64_t directory_size = 0;
  uint64_t directory_checksum = 0;
  bool operator==(const StateSeal&) const = default;
};
static_assert(std::is_trivially_copyable_v<StateSeal> && sizeof(StateSeal) == 40);

/// Removes a state file, and what a stop that was interrupted left of one. Where there is nothing,
/// or it cannot be removed, nothing happens.
void discard_state_file(const std::string& path);

/// Returns the name of a state file while it is being written.
std::string temporary_of(const std::string& path);

}  // namespace ember::storage
