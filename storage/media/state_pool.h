// SPDX-License-Identifier: BSD-3-Clause
// StatePool: the little of libpmemobj that a state file is written with: reserve room, fill it, and
// let one transaction make all of it part of the pool. It never opens a pool that exists: opening
// replays logs found in the file, which trusts every byte of it (StateReader reads without).
//
// Ownership: has the pool's mapping; the blocks reserved are in it, and end with it.
// Threads: one at a time, but for persist() and offset_of().
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

class StatePool {
 public:
  /// The largest block: what a zone of libpmemobj's heap (65528 chunks of 256 KiB) leaves when the
  /// root object lies in it too.
  static constexpr size_t kMaxBlockSize = size_t{65464} * 256 * 1024;

  /// Returns the size of a file in which blocks of these sizes find room.
  /// Requires: each is at most kMaxBlockSize.
  static uint64_t size_for(std::span<const uint64_t> block_sizes);

  /// Makes a pool of the whole of an existing file of zeros. Fails where libpmemobj does.
  static Result<std::unique_ptr<StatePool>> create(const std::string& path);

  /// Closes the pool. What was not committed is not in it.
  ~StatePool();
  StatePool(const StatePool&) = delete;
  StatePool& operator=(const StatePool&) = delete;

  /// Returns room that is no object's until commit(). The first block is the directory's. Fails
  /// where the pool has no such room. Requires: size <= kMaxBlockSize; not committed yet.
  Result<std::span<std::byte>> reserve(size_t size);

  /// Makes bytes outlive a power cut: flushes cache lines on DAX, calls msync elsewhere.
  void persist(std::span<const std::byte> bytes) const;

  /// Returns where in the file an address within a block is.
  uint64_t offset_of(const void* address) const;

  /// In one transaction, makes the reserved blocks objects and points the root at the first.
  /// Returns why not: then the pool is empty as before. Requires: a block is reserved; once.
  Result<void> commit();

 private:
  explicit StatePool(PMEMobjpool* pool) : pool_(pool) {}

  PMEMobjpool* pool_;
  PMEMoid directory_ = OID_NULL;
  std::vector<pobj_action> reservations_;
};

}  // namespace ember::storage
