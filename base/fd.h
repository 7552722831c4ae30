// SPDX-License-Identifier: BSD-3-Clause
// Fd: owns a file descriptor and closes it.
#pragma once

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

  /// Gives the descriptor up without closing it.
  int release() { return std::exchange(number_, -1); }

  /// Closes what is owned, if anything, and owns `number` from now on.
  void reset(int number = -1);

 private:
  int number_ = -1;
};

}  // namespace ember
