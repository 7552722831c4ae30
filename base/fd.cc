// SPDX-License-Identifier: BSD-3-Clause
#include "base/fd.h"

#include <unistd.h>

namespace ember {

void Fd::reset(int number) {
  if (number_ >= 0) {
    ::close(number_);
  }
  number_ = number;
}

}  // namespace ember
