// SPDX-License-Identifier: BSD-3-Clause
// StatePool: the little of libpmemobj that a state file is written with: reserve room, fill it, and
// let one transaction make all of it part of the pool. It never opens a pool that exists: opening
// replays logs found in the file, which trusts every byte of it (StateReader reads without).
#pragma once

#include <libpmemobj.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace ember::storage {

/// The pool's root object: null until the one transaction of a state file.
struct StateRoot {
  PMEMoid directory;
};
static_assert(sizeof(StateRoot) == 16);

/// Threads: one at a time, but for `persist` and `offset_of`.
class StatePool {
 public:
  /// The largest block: what a zone of libpmemobj's heap (65528 chunks of 256 KiB) leaves when the
  /// root object lies in it too.
  static constexpr size_t kMaxBlockSize = size_t{65464} * 256 * 1024;

  /// The size of a file in which blocks of these sizes, each at most kMaxBlockSize, find room.
  static uint64_t size_for(std::span<const uint64_t> block_sizes);

  /// Makes a pool of the whole of an existing file of zeros.
  static Result<std::unique_ptr<StatePool>> create(const std::string& path);

  /// Closes the pool. What was not committed is not in it.
  ~StatePool();
  StatePool(const StatePool&) = delete;
  StatePool& operator=(const StatePool&) = delete;

  /// Room that belongs to nobody until `commit`. The first block is the directory's.
  Result<std::span<std::byte>> reserve(size_t size);

  /// Makes bytes outlive a power cut: flushes cache lines on DAX, calls msync elsewhere.
  void persist(std::span<const std::byte> bytes) const;

  /// Where in the file an address within a block is.
  uint64_t offset_of(const void* address) const;

  /// In one transaction: the reserved blocks become objects, and the root points at the first.
  Result<void> commit();

 private:
  explicit StatePool(PMEMobjpool* pool) : pool_(pool) {}

  PMEMobjpool* pool_;
  PMEMoid directory_ = OID_NULL;
  std::vector<pobj_action> reservations_;
};

}  // namespace ember::storage
