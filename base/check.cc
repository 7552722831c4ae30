// SPDX-License-Identifier: BSD-3-Clause
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace ember {

void check_failed(const char* what, const std::source_location& where) {
  std::fprintf(stderr, "%s:%u: check failed: %s (in %s)\n", where.file_name(),
               static_cast<unsigned>(where.line()), what, where.function_name());
  std::abort();
}

}  // namespace ember
