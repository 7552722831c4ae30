// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes the reading of SASL PLAIN messages: what is one, written again, is the same bytes; what is
// none has not two zero bytes with words behind them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/auth/sasl_plain.h"

namespace {

void require(bool ok) {
  if (!ok) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto message = ember::server::read_plain(input);
  const bool two_zeros = std::ranges::count(input, '\0') == 2;
  if (!message) {
    require(!two_zeros || input.back() == '\0' ||
            input.find(std::string_view("\0\0", 2)) != std::string_view::npos);
    return 0;
  }
  require(two_zeros && !message->user.empty() && !message->password.empty());
  std::string again(message->authorization);
  again.append(1, '\0').append(message->user).append(1, '\0').append(message->password);
  require(again == input);
  return 0;
}
