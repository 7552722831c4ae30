// SPDX-License-Identifier: BSD-3-Clause
#include "server/connection_log.h"

#include <string_view>

#include "base/check.h"

namespace ember::server {
namespace {

using net::PeerAddress;
using session::CloseReason;

const char* transport_of(const PeerAddress& peer) {
  return peer.transport == PeerAddress::Transport::local ? "local" : "tcp";
}

/// memcached's words for an end without an address.
std::string_view host_of(const PeerAddress& peer) {
  switch (peer.transport) {
    case PeerAddress::Transport::local:
      return "unix";
    case PeerAddress::Transport::tcp:
      return peer.host;
    case PeerAddress::Transport::unknown:
      break;
  }
  return "unknown";
}

const char* word_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::normal:
      return "normal";
    case CloseReason::error:
      return "error";
    case CloseReason::idle:
      return "idle_timeout";
    case CloseReason::shutdown:
      break;
  }
  return "shutdown";
}

}  // namespace

void ConnectionLog::report(WatchEvent event, const PeerAddress& peer, int number) {
  check(number >= 0, "a connection that is reported has a descriptor");
  event.word = transport_of(peer);
  event.port = peer.port;
  event.connection = number;
  log_.report(event, host_of(peer));
}

void ConnectionLog::opened(int number) {
  if (!log_.watched(kConnectionEvents)) {
    return;
  }
  const PeerAddress& peer = peers_[number] = net::peer_address(number);
  WatchEvent event;
  event.kind = EventKind::conn_new;
  report(event, peer, number);
}

void ConnectionLog::closed(int number, CloseReason reason) {
  if (!log_.watched(kConnectionEvents)) {
    peers_.clear();
    return;
  }
  const auto there = peers_.find(number);
  const PeerAddress peer = there != peers_.end() ? there->second : net::peer_address(number);
  if (there != peers_.end()) {
    peers_.erase(there);
  }
  WatchEvent event;
  event.kind = EventKind::conn_close;
  event.status = word_of(reason);
  report(event, peer, number);
}

}  // namespace ember::server
