// SPDX-License-Identifier: BSD-3-Clause
#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace ember {

int Fd::allocate(size_t offset, size_t size) const {
  int error = EINTR;
  while (error == EINTR) {
    error = ::posix_fallocate(number_, static_cast<off_t>(offset), static_cast<off_t>(size));
  }
  return error;
}

void Fd::reset(int number) {
  if (number_ >= 0) {
    ::close(number_);
  }
  number_ = number;
}

}  // namespace ember
