// SPDX-License-Identifier: BSD-3-Clause
// Wire: one blocking connection to a server on the loopback. It knows lines and blocks of bytes,
// not what they mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ember::dax {

class Wire {
 public:
  static Result<Wire> connect(uint16_t port);

  /// False when the server is gone.
  bool send(std::string_view bytes);
  /// The next line without its CR LF; nothing when the server is gone.
  std::optional<std::string> line();
  /// The next `size` bytes; nothing when the server is gone.
  std::optional<std::string> block(size_t size);

 private:
  explicit Wire(Fd socket) : socket_(std::move(socket)) {}
  bool read_more();

  Fd socket_;
  std::string received_;
};

}  // namespace ember::dax
