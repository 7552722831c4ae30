// SPDX-License-Identifier: BSD-3-Clause
// Fd: owns a file descriptor and closes it.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace ember {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

  /// Takes room on the volume for these bytes of the file, which becomes that long at least.
  /// Returns an errno, 0 if it is done; never EINTR, which a signal or a call of io_uring's that
  /// ends may cause.
  [[nodiscard]] int allocate(size_t offset, size_t size) const;

  /// Writes all of `bytes` to the file from `offset` on. Returns an errno, 0 if it is done; never
  /// EINTR.
  [[nodiscard]] int write_at(size_t offset, std::span<const std::byte> bytes) const;

  /// Gives the descriptor up without closing it.
  int release() { return std::exchange(number_, -1); }

  /// Closes what is owned, if anything, and owns `number` from now on.
  void reset(int number = -1);

 private:
  int number_ = -1;
};

}  // namespace ember
