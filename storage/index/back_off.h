// SPDX-License-Identifier: BSD-3-Clause
// back_off: what a thread does between two attempts at a bucket that another thread holds. The only
// lines of the index that differ by processor.
#pragma once

#include <thread>

namespace ember::storage {

/// Tells the processor that the thread spins, so that a sibling thread gets its units and the line
/// waited for arrives without a mispredicted exit. Does nothing where there is no such instruction.
inline void pause_processor() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  asm volatile("yield" ::: "memory");
#endif
}

/// Waits a moment before attempt number `attempt` + 1; every 64th time the processor goes to
/// another thread, as the holder may be waiting for one. Threads: any. Cost: some tens of
/// nanoseconds, or a system call.
inline void back_off(unsigned attempt) {
  if (attempt % 64 == 63) {
    std::this_thread::yield();
  } else {
    pause_processor();
  }
}

}  // namespace ember::storage
