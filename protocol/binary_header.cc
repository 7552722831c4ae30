// SPDX-License-Identifier: BSD-3-Clause
// The words of statuses.
#include "protocol/binary_header.h"

namespace ember::protocol {

std::string_view text_of(Status status) {
  switch (status) {
    case Status::success:
      return {};
    case Status::not_found:
      return "Not found";
    case Status::exists:
      return "Data exists for key.";
    case Status::too_large:
      return "Too large.";
    case Status::invalid_arguments:
      return "Invalid arguments";
    case Status::not_stored:
      return "Not stored.";
    case Status::non_numeric:
      return "Non-numeric server-side value for incr or decr";
    case Status::auth_error:
      return "Auth failure.";
    case Status::auth_continue:
      return {};
    case Status::unknown_command:
      return "Unknown command";
    case Status::no_memory:
      return "Out of memory allocating item";
  }
  return {};
}

}  // namespace ember::protocol
