// SPDX-License-Identifier: BSD-3-Clause
// Mutex and its lock, known to clang's thread-safety analysis; and Role, a capability without a
// lock: "this runs on this worker's loop".
#pragma once

#include <atomic>
#include <mutex>

#include "base/check.h"
#include "base/thread_annotations.h"

namespace ember {

class EMBER_CAPABILITY("mutex") Mutex {
 public:
  void lock() EMBER_ACQUIRE() { mutex_.lock(); }
  void unlock() EMBER_RELEASE() { mutex_.unlock(); }
  bool try_lock() EMBER_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

class EMBER_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) EMBER_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() EMBER_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// What a thread is, rather than what it holds: "on this loop's thread". What belongs to the thread
/// is guarded by the role, functions that must run there require it, and those that come from
/// outside (an object's public ones, callbacks) assume it: clang checks the rest. The thread that
/// assumes a role first has it from then on; debug builds check that no other does. Release builds:
/// costs nothing at run time.
class EMBER_CAPABILITY("role") Role {
 public:
  Role() = default;
  Role(const Role&) = delete;
  Role& operator=(const Role&) = delete;

  /// Requires: called on the role's thread.
  void assume() const EMBER_ASSERT_CAPABILITY(this) {
    if constexpr (kDebugChecks) {
      check(is_this_thread(), "a role is one thread's");
    }
  }

  /// The object is handed over: the thread that assumes the role next has it.
  /// Requires: the hand-over orders what both threads do, as starting a thread does.
  void hand_over() {
#if EMBER_DEBUG_CHECKS
    thread_.store(nullptr, std::memory_order_relaxed);
#endif
  }

 private:
#if EMBER_DEBUG_CHECKS
  bool is_this_thread() const {
    static thread_local const char here = 0;  // whose address is the thread's
    const void* expected = nullptr;
    return thread_.compare_exchange_strong(expected, &here, std::memory_order_relaxed) ||
           expected == &here;
  }

  mutable std::atomic<const void*> thread_{nullptr};
#else
  static bool is_this_thread() { return true; }
#endif
};

}  // namespace ember
