// SPDX-License-Identifier: BSD-3-Clause
#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"

namespace ember {

int Fd::allocate(size_t offset, size_t size) const {
  int error = EINTR;
  while (error == EINTR) {
    error = ::posix_fallocate(number_, static_cast<off_t>(offset), static_cast<off_t>(size));
  }
  return error;
}

int Fd::write_at(size_t offset, std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t wrote = ::pwrite(number_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote >= 0) {
      check(static_cast<size_t>(wrote) <= bytes.size(), "no more is written than there was");
      offset += static_cast<size_t>(wrote);
      bytes = bytes.subspan(static_cast<size_t>(wrote));
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

void Fd::reset(int number) {
  if (number_ >= 0) {
    ::close(number_);
  }
  number_ = number;
}

}  // namespace ember
