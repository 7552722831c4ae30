// SPDX-License-Identifier: BSD-3-Clause
// Address: where the server listens: "host:port", "[::1]:port" or "unix:/path".
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ember::bench {

class Address {
 public:
  static Result<Address> parse(std::string_view text);

  /// A connected socket, blocking, without Nagle's delay.
  Result<Fd> connect() const;

 private:
  std::string text_;
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace ember::bench
