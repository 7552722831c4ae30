// SPDX-License-Identifier: BSD-3-Clause
// Mutex and its lock, known to clang's thread-safety analysis; and Role, a capability without a
// lock: "this runs on this worker's loop".
#pragma once

#include <mutex>

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

/// What a thread is, rather than what it holds. Functions that must run on one thread require the
/// role; the thread's outermost function assumes it. Costs nothing at run time.
class EMBER_CAPABILITY("role") Role {
 public:
  void assume() const EMBER_ASSERT_CAPABILITY(this) {}
};

}  // namespace ember
