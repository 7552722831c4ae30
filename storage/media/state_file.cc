// SPDX-License-Identifier: BSD-3-Clause
#include "storage/media/state_file.h"

#include <unistd.h>

namespace ember::storage {

std::string temporary_of(const std::string& path) { return path + ".tmp"; }

void discard_state_file(const std::string& path) {
  ::unlink(temporary_of(path).c_str());
  ::unlink(path.c_str());
}

}  // namespace ember::storage
