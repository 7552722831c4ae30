// SPDX-License-Identifier: BSD-3-Clause
// StateReader: reads a state file (state_file.h) by its bytes, never through libpmemobj, which
// would replay logs it finds in the file. It believes the seal, then what the seal's checksums
// cover, then what those bytes' checksums cover, and nothing else. It writes nothing.
//
// Cost: opening reads some 8 KiB, however large the file; read() and verify() one pass each.
// Threads: any number once open.
// Invariants: every section lies within the file.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "storage/media/state_file.h"
#include "storage/media/state_format.h"

namespace ember::storage {

class StateReader {
 public:
  /// Fails, saying why, unless the file is the very one that `seal` was given for, in `wanted`'s
  /// stop. Whatever lies at `path`, opening does not wait and reads nothing beyond the file.
  static Result<std::unique_ptr<StateReader>> open(const std::string& path,
                                                   const StateIdentity& wanted,
                                                   const StateSeal& seal);
  StateReader(const StateReader&) = delete;
  StateReader& operator=(const StateReader&) = delete;

  /// Return how many sections there are, and a section's bytes. Requires: n < section_count().
  size_t section_count() const { return sections_.size(); }
  size_t section_size(size_t n) const;

  /// Reads section `n` into `to`, straight from the file. Fails where the file cannot be read or
  /// the checksum differs: then the bytes in `to` may be anything. Requires: `to` has
  /// section_size(n) bytes.
  Result<void> read(size_t n, std::span<std::byte> to) const;

  /// Returns whether read() would succeed, and why not. Requires: n < section_count().
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
