// SPDX-License-Identifier: BSD-3-Clause
#include "storage/media/state_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/bytes.h"
#include "base/check.h"
#include "storage/media/state_format.h"

namespace ember::storage {
namespace {

constexpr uint64_t kChunkSize = 256 * kKiB;
constexpr uint64_t kZoneSize = 16 * kGiB;
/// Head 8 KiB, lanes 3 MiB, heap header, the headers of a zone 512 KiB, and a chunk for the root.
constexpr uint64_t kPoolOverhead = (3 * kMiB) + (512 * kKiB) + kChunkSize + (64 * kKiB);
/// From here on libpmemobj gives an object chunks of its own, which makes its size foreseeable.
constexpr size_t kMinBlockSize = 2 * kMiB;
constexpr uint64_t kBlockType = 1;

uint64_t chunks_of(uint64_t block_size) {
  constexpr uint64_t kObjectHeader = 64;
  return align_up(std::max<uint64_t>(block_size, kMinBlockSize) + kObjectHeader, kChunkSize);
}

std::unexpected<Error> fail_pool(const char* what) {
  return fail(fmt::format("libpmemobj cannot {}: {}", what, pmemobj_errormsg()));
}

/// Without this, libpmemobj notes the count of unsafe shutdowns of a DAX device in the pool, which
/// takes root to read. The checksums of a state file say more than that count.
void keep_shutdown_state_out() {
  int off = 0;
  check(pmemobj_ctl_set(nullptr, "sds.at_create", &off) == 0, "libpmemobj knows sds.at_create");
}

}  // namespace

uint64_t StatePool::size_for(std::span<const uint64_t> block_sizes) {
  uint64_t size = kPoolOverhead;
  // A block may need a zone of its own; only the last zone need not be whole.
  for (size_t n = 0; n < block_sizes.size(); ++n) {
    check(block_sizes[n] <= kMaxBlockSize, "a block of the state file fits in a zone");
    size += n + 1 < block_sizes.size() ? kZoneSize : chunks_of(block_sizes[n]);
  }
  return std::max<uint64_t>(size, PMEMOBJ_MIN_POOL);
}

Result<std::unique_ptr<StatePool>> StatePool::create(const std::string& path) {
  keep_shutdown_state_out();
  // A size of 0 takes the file as it is; the mode matters only for a file that is made.
  PMEMobjpool* pool = pmemobj_create(path.c_str(), kStateLayout, 0, 0600);
  if (pool == nullptr) {
    return fail_pool("make a pool");
  }
  std::unique_ptr<StatePool> made(new StatePool(pool));
  if (OID_IS_NULL(pmemobj_root(pool, sizeof(StateRoot)))) {
    return fail_pool("make the pool's root");
  }
  return made;
}

StatePool::~StatePool() { pmemobj_close(pool_); }

Result<std::span<std::byte>> StatePool::reserve(size_t size) {
  check(size <= kMaxBlockSize, "a block of the state file fits in a zone");
  pobj_action reservation{};
  const PMEMoid object =
      pmemobj_reserve(pool_, &reservation, std::max(size, kMinBlockSize), kBlockType);
  if (OID_IS_NULL(object)) {
    return fail_pool("reserve room in the pool");
  }
  if (reservations_.empty()) {
    directory_ = object;
  }
  reservations_.push_back(reservation);
  return std::span(static_cast<std::byte*>(pmemobj_direct(object)), size);
}

void StatePool::persist(std::span<const std::byte> bytes) const {
  pmemobj_persist(pool_, bytes.data(), bytes.size());
}

uint64_t StatePool::offset_of(const void* address) const {
  check(address >= static_cast<const void*>(pool_), "what has an offset lies in the pool");
  // The pool's handle is the start of its mapping.
  return reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(pool_);
}

Result<void> StatePool::commit() {
  check(!reservations_.empty() && !OID_IS_NULL(directory_), "a pool is committed with its blocks");
  auto* root = static_cast<StateRoot*>(pmemobj_direct(pmemobj_root(pool_, sizeof(StateRoot))));
  // Each call but the last two turns the transaction into an aborted one if it fails.
  if (pmemobj_tx_begin(pool_, nullptr, TX_PARAM_NONE) == 0 &&
      pmemobj_tx_add_range_direct(root, sizeof(StateRoot)) == 0 &&
      pmemobj_tx_publish(reservations_.data(), reservations_.size()) == 0) {
    root->directory = directory_;
    pmemobj_tx_commit();
    reservations_.clear();
  }
  if (pmemobj_tx_end() != 0) {
    return fail_pool("commit the state file's transaction");
  }
  return {};
}

}  // namespace ember::storage
