// SPDX-License-Identifier: BSD-3-Clause
// The calls that -fsanitize=thread makes, as far as the storage layer's code has them (GCC's and
// Clang's lists differ). Atomic operations are done here, as sequentially consistent ones: no test
// of orders between threads.
#include "tests/property/crash_stores.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace ember::property {
namespace {

struct Watched {
  std::span<const std::byte> range;
  StoreWatch::Listener listener;
  bool telling = false;  // what a listener does is not told of
};

// Functions the compiler calls get no object to work on.
thread_local Watched* watched = nullptr;

[[maybe_unused]] void tell(const volatile void* at, size_t size, bool done) {
  const auto* byte = const_cast<const std::byte*>(static_cast<const volatile std::byte*>(at));
  if (watched == nullptr || watched->telling || byte < watched->range.data() ||
      byte >= watched->range.data() + watched->range.size()) {
    return;
  }
  watched->telling = true;
  watched->listener({.at = byte, .size = size, .done = done});
  watched->telling = false;
}

}  // namespace

StoreWatch::StoreWatch(std::span<const std::byte> range, Listener listener) {
  check(watched == nullptr, "one watch at a time");
  watched = new Watched{.range = range, .listener = std::move(listener)};
}

StoreWatch::~StoreWatch() { delete std::exchange(watched, nullptr); }

#if defined(EMBER_CRASH_STORES)

bool stores_are_told() { return true; }

namespace {

template <typename T>
class Told {
 public:
  explicit Told(const volatile T* at) : at_(at) { tell(at_, sizeof(T), false); }
  ~Told() { tell(at_, sizeof(T), true); }
  Told(const Told&) = delete;
  Told& operator=(const Told&) = delete;

 private:
  const volatile T* at_;
};

template <typename T>
bool compare_exchange(volatile T* at, T* expected, T desired) {
  const Told told(at);
  return __atomic_compare_exchange_n(at, expected, desired, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST);
}

}  // namespace

#else

bool stores_are_told() { return false; }

#endif

}  // namespace ember::property

#if defined(EMBER_CRASH_STORES)

using ember::property::compare_exchange;
using ember::property::tell;
using ember::property::Told;

// The names are the compiler's; a template cannot have them.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_read_range(void*, unsigned long) {}
void __tsan_write_range(void* at, unsigned long size) { tell(at, size, false); }
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) {}
void* __tsan_memcpy(void* to, const void* from, unsigned long size) {
  tell(to, size, false);
  return std::memcpy(to, from, size);
}
void* __tsan_memmove(void* to, const void* from, unsigned long size) {
  tell(to, size, false);
  return std::memmove(to, from, size);
}
void* __tsan_memset(void* to, int byte, unsigned long size) {
  tell(to, size, false);
  return std::memset(to, byte, size);
}

#define EMBER_TSAN_ACCESS(prefix, size)                                  \
  void __tsan_##prefix##read##size(void*) {}                             \
  void __tsan_##prefix##write##size(void* at) { tell(at, size, false); } \
  void __tsan_##prefix##read_write##size(void* at) { tell(at, size, false); }

EMBER_TSAN_ACCESS(, 1)
EMBER_TSAN_ACCESS(, 2)
EMBER_TSAN_ACCESS(, 4)
EMBER_TSAN_ACCESS(, 8)
EMBER_TSAN_ACCESS(, 16)
EMBER_TSAN_ACCESS(unaligned_, 2)
EMBER_TSAN_ACCESS(unaligned_, 4)
EMBER_TSAN_ACCESS(unaligned_, 8)
EMBER_TSAN_ACCESS(unaligned_, 16)

#define EMBER_TSAN_MODIFY(bits, name, builtin)                                                   \
  uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t* at, uint##bits##_t value, \
                                              int) {                                             \
    const Told told(at);                                                                         \
    return builtin(at, value, __ATOMIC_SEQ_CST);                                                 \
  }

#define EMBER_TSAN_ATOMIC(bits)                                                                  \
  uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t* at, int) {            \
    return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                                \
  }                                                                                              \
  void __tsan_atomic##bits##_store(volatile uint##bits##_t* at, uint##bits##_t value, int) {     \
    const Told told(at);                                                                         \
    __atomic_store_n(at, value, __ATOMIC_SEQ_CST);                                               \
  }                                                                                              \
  EMBER_TSAN_MODIFY(bits, exchange, __atomic_exchange_n)                                         \
  EMBER_TSAN_MODIFY(bits, fetch_add, __atomic_fetch_add)                                         \
  EMBER_TSAN_MODIFY(bits, fetch_sub, __atomic_fetch_sub)                                         \
  EMBER_TSAN_MODIFY(bits, fetch_and, __atomic_fetch_and)                                         \
  EMBER_TSAN_MODIFY(bits, fetch_or, __atomic_fetch_or)                                           \
  EMBER_TSAN_MODIFY(bits, fetch_xor, __atomic_fetch_xor)                                         \
  int __tsan_atomic##bits##_compare_exchange_strong(                                             \
      volatile uint##bits##_t* at, uint##bits##_t* expected, uint##bits##_t desired, int, int) { \
    return compare_exchange(at, expected, desired) ? 1 : 0;                                      \
  }                                                                                              \
  int __tsan_atomic##bits##_compare_exchange_weak(                                               \
      volatile uint##bits##_t* at, uint##bits##_t* expected, uint##bits##_t desired, int, int) { \
    return compare_exchange(at, expected, desired) ? 1 : 0;                                      \
  }                                                                                              \
  uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                                     \
      volatile uint##bits##_t* at, uint##bits##_t expected, uint##bits##_t desired, int, int) {  \
    compare_exchange(at, &expected, desired);                                                    \
    return expected;                                                                             \
  }

EMBER_TSAN_ATOMIC(8)
EMBER_TSAN_ATOMIC(16)
EMBER_TSAN_ATOMIC(32)
EMBER_TSAN_ATOMIC(64)

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

#endif
