// SPDX-License-Identifier: BSD-3-Clause
// Threads in the store's epochs, and chunks on their way from unlinked to free.
#include "storage/store_thread.h"

#include <algorithm>

#include "base/check.h"
#include "storage/store_impl.h"

namespace ember::storage {

ThreadState::ThreadState(StoreImpl& store)
    : store_(store),
      slot_(store.epochs_.enter()),
      uses_(store.slabs_.size()),
      changes_(store.slabs_.size()) {
  store.epochs_.go_online(slot_);
  MutexLock lock(store.threads_mutex_);
  store.threads_.push_back(this);
}

ThreadState::~ThreadState() {
  store_.leave_orphans(*this);
  store_.epochs_.leave(slot_);
  MutexLock lock(store_.threads_mutex_);
  std::erase(store_.threads_, this);
  for (size_t id = 0; id < uses_.size(); ++id) {
    store_.past_changes_[id] += changes_[id];
    store_.past_uses_[id] += uses_[id];
  }
}

void ThreadState::quiesce() {
  if (unlinked_.empty() && retired_.empty()) {
    store_.epochs_.announce(slot_);
    return;
  }
  store_.close_epoch(*this);
  store_.epochs_.announce(slot_);
  store_.collect(*this);
}

void ThreadState::offline() {
  quiesce();
  if (!unlinked_.empty() || !retired_.empty()) {
    store_.leave_orphans(*this);
  }
  store_.epochs_.go_offline(slot_);
}

void ThreadState::online() { store_.epochs_.go_online(slot_); }

void StoreImpl::close_epoch(ThreadState& thread) {
  if (!thread.unlinked_.empty()) {
    thread.retired_.push_back({epochs_.close(), std::move(thread.unlinked_)});
    thread.unlinked_.clear();
  }
}

void StoreImpl::collect(ThreadState& thread) {
  if (thread.retired_.empty()) {
    return;
  }
  const uint64_t oldest = epochs_.oldest();
  while (!thread.retired_.empty() && thread.retired_.front().epoch < oldest) {
    std::vector<uint64_t> chunks = std::move(thread.retired_.front().chunks);
    thread.retired_.pop_front();
    // What is being sent from its chunk waits for another epoch.
    std::erase_if(chunks, [&](uint64_t chunk) {
      const bool keep = pinned(chunk);
      if (keep && pages_.exchange_state(chunk, chunk_state::kLingering) == chunk_state::kRetired) {
        slabs_[pages_.class_of(chunk)]->note_reclaimed();
      }
      if (keep) {
        thread.unlinked_.push_back(chunk);
      }
      return keep;
    });
    give_all(chunks);
  }
}

void StoreImpl::adopt_orphans(ThreadState& thread) {
  std::deque<RetiredBatch> orphans;
  {
    MutexLock lock(orphans_mutex_);
    orphans.swap(orphans_);
  }
  for (RetiredBatch& batch : orphans) {
    thread.retired_.push_front(std::move(batch));
  }
  std::ranges::sort(thread.retired_, {}, &RetiredBatch::epoch);
}

void StoreImpl::leave_orphans(ThreadState& thread) {
  close_epoch(thread);
  MutexLock lock(orphans_mutex_);
  for (RetiredBatch& batch : thread.retired_) {
    orphans_.push_back(std::move(batch));
  }
  thread.retired_.clear();
}

std::unique_ptr<StoreThread> StoreImpl::register_thread() {
  return std::make_unique<ThreadState>(*this);
}

}  // namespace ember::storage
