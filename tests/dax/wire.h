// SPDX-License-Identifier: BSD-3-Clause
// Wire: one blocking connection to a server on the loopback: bytes there, replies back. Not what is
// asked, nor what answers mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "protocol/reply_parser.h"

namespace ember::dax {

class Wire {
 public:
  static Result<Wire> connect(uint16_t port);

  /// False when the server is gone.
  bool send(std::string_view bytes);
  /// The next reply, with its whole value; nothing when the server is gone or what it says is no
  /// reply. Its views live until the next call.
  std::optional<protocol::Reply> reply();

 private:
  explicit Wire(Fd socket) : socket_(std::move(socket)) {}
  bool read_more();

  Fd socket_;
  // A value is waited for, however large.
  protocol::ReplyParser parser_{{.max_buffered_value = SIZE_MAX / 2}};
  std::string received_;
  size_t consumed_ = 0;  // of received_, by the last reply
};

}  // namespace ember::dax
