// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index/index_loader.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace ember::storage {

Result<std::unique_ptr<IndexLoader>> IndexLoader::open(const Index& index, size_t threads,
                                                       const Room& room) {
  check(threads != 0, "items are added by threads");
  const size_t even = std::min(room.most_items, kMostItems) / threads;
  const size_t items_each = even + even / 8 + room.most_at_once;
  std::unique_ptr<IndexLoader> loader(new IndexLoader(index, threads, items_each));
  check(loader->room_for(0, room.most_at_once), "an empty loader has room for what comes at once");
  const size_t count = threads * loader->blocks_each_;
  void* const base = ::mmap(nullptr, count * sizeof(Block), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) {
    return fail_errno("cannot reserve memory for recovery; allow overcommit, or lower -m", errno);
  }
  ::madvise(base, count * sizeof(Block), MADV_HUGEPAGE);  // its failure only costs speed
  loader->blocks_ = std::span(static_cast<Block*>(base), count);
  for (size_t thread = 0; thread < threads; ++thread) {
    loader->shares_[thread].first = &loader->blocks_[thread * loader->blocks_each_];
  }
  return loader;
}

IndexLoader::IndexLoader(const Index& index, size_t threads, size_t items_each)
    : index_(index),
      parts_(((index.bucket_count() - 1) >> kPartBits) + 1),
      blocks_each_(blocks_for(items_each) + 2 * parts_),  // a begun block in each part, and room
      shares_(threads) {
  for (Share& share : shares_) {
    share.next.resize(parts_);
  }
}

IndexLoader::~IndexLoader() {
  if (!blocks_.empty()) {
    ::munmap(blocks_.data(), blocks_.size_bytes());
  }
}

bool IndexLoader::room_for(size_t thread, size_t items) const {
  check(thread < shares_.size(), "a thread that adds has a share");
  // In each part, the next item may be the one that takes a new block.
  return shares_[thread].used + blocks_for(items) + parts_ <= blocks_each_;
}

void IndexLoader::clear(size_t thread) {
  shares_[thread].used = 0;
  std::ranges::fill(shares_[thread].next, nullptr);
}

}  // namespace ember::storage
