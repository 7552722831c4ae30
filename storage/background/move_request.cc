// SPDX-License-Identifier: BSD-3-Clause
#include "storage/background/move_request.h"

#include <algorithm>

#include "base/check.h"

namespace ember::storage {

PageMove MoveRequest::ask(int from, int to) {
  if (from == to) {
    return PageMove::same;
  }
  const int last = static_cast<int>(core_.classes.count());
  if (from < -1 || to < 0 || from > last || to > last) {
    return PageMove::bad_class;
  }
  if (running()) {
    return PageMove::busy;
  }
  const MutexLock lock(mutex_);
  Move move{.from = static_cast<uint8_t>(std::max(from, 0)), .to = static_cast<uint8_t>(to)};
  if (from == -1) {
    move.from = richest_class(move.to);
    if (move.from == 0) {
      return PageMove::bad_class;  // memcached's word for it
    }
  }
  const bool spare =
      move.from == 0 ? core_.pages.any_free() : page_count(core_.slabs[move.from]) > 1;
  if (!spare) {
    return PageMove::no_spare;
  }
  check(move.from != move.to, "a page moves to another class");
  move_ = move;
  begun_ = false;
  running_.store(true, std::memory_order_release);
  return PageMove::ok;
}

size_t MoveRequest::page_count(SlabClass& size_class) const {
  const MutexLock lock(size_class.mutex);
  return size_class.pages().size();
}

/// Of the classes with more than one page, the one with the most; 0 if there is none.
uint8_t MoveRequest::richest_class(uint8_t but) const {
  uint8_t richest = 0;
  size_t most = 1;
  for (size_t id = 1; id < core_.slabs.size(); ++id) {
    const size_t count = page_count(core_.slabs[id]);
    if (id != but && count > most) {
      most = count;
      richest = static_cast<uint8_t>(id);
    }
  }
  check(richest == 0 || richest != but, "a class does not give to itself");
  return richest;
}

void MoveRequest::carry_out(ThreadState& thread) {
  if (!running()) {
    return;
  }
  const MutexLock lock(mutex_);
  if (move_.from != 0 && !begun_) {
    begin(thread);
  } else if (move_.from == 0 || !still_leaving()) {
    finish();
  }
}

/// Chooses the page; later, if every page of the class is held, or another move is on its way.
void MoveRequest::begin(ThreadState& thread) {
  check(move_.from != 0 && !begun_, "a page is chosen once, of a class that has some");
  if (page_count(core_.slabs[move_.from]) == 0) {
    running_.store(false, std::memory_order_release);  // others were faster
    return;
  }
  if (balancer_.move_planned() || core_.slabs.draining()) {
    return;
  }
  const auto page = balancer_.plan_move(thread, core_.slabs[move_.from], move_.to);
  move_.page = page.value_or(0);
  begun_ = page.has_value();
}

/// The page is its class's still, and on its way.
bool MoveRequest::still_leaving() const {
  check(begun_, "a page leaves after it was chosen");
  const uint8_t class_id = core_.pages.page(move_.page).class_id.load(std::memory_order_relaxed);
  return class_id == move_.from && (balancer_.move_planned() || core_.slabs.draining());
}

/// Gives the page to its class, unless a writer of the class was faster.
void MoveRequest::finish() {
  check(running(), "a move that ends was asked for");
  if (move_.to != 0) {
    SlabClass& size_class = core_.slabs[move_.to];
    const MutexLock lock(size_class.mutex);
    if (move_.from == 0 ||
        core_.pages.page(move_.page).class_id.load(std::memory_order_relaxed) == 0) {
      core_.slabs.claim_page(size_class);
    }
  }
  running_.store(false, std::memory_order_release);
}

}  // namespace ember::storage
