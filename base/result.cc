// SPDX-License-Identifier: BSD-3-Clause
#include "base/result.h"

#include <fmt/format.h>

#include <system_error>

namespace ember {

std::unexpected<Error> fail_errno(std::string_view what, int error_number) {
  return fail(fmt::format("{}: {}", what, std::generic_category().message(error_number)));
}

}  // namespace ember
