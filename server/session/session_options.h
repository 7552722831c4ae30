// SPDX-License-Identifier: BSD-3-Clause
// SessionOptions: what the sessions of one worker are told at its start. Not what the server reads
// from its command line (server/options): whoever makes a worker translates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "protocol/parser.h"
#include "server/net/poller.h"
#include "server/session/authenticator.h"

namespace ember::server::session {

/// What a connection speaks. By its first byte: 0x80 begins every request of the binary protocol
/// and none of the text protocols. Where only text is spoken that byte is a byte like others.
enum class Dialect : uint8_t { by_first_byte, text, binary };

/// What holds for the connections of one listener.
struct ListenerOptions {
  Dialect dialect = Dialect::by_first_byte;
  net::Security security = net::Security::plain;
};

struct SessionOptions {
  protocol::Parser::Options parser;
  /// Requests of one connection in one turn after which others go first (-R), times
  /// SessionContext::kYieldFactor.
  size_t requests_per_event = 20;
  /// Unsent bytes of a connection at which no more is read from it.
  size_t max_unsent = 2 * kMiB;
  /// By number; a listener beyond the last has the defaults.
  std::vector<ListenerOptions> listeners;
  /// A session that got nothing for longer is closed. 0: none is.
  uint32_t idle_timeout_s = 0;
  /// Judges who may log in (-Y), and outlives the sessions. Null: nobody has to.
  const Authenticator* authenticator = nullptr;
};

}  // namespace ember::server::session
