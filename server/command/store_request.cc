// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/store_request.h"

#include "base/check.h"
#include "protocol/expiry.h"

namespace ember::server::command {

using protocol::Verb;
using Mode = storage::WriteRule::Mode;
using End = storage::Store::End;

StoreRequest request_by_verb(const protocol::Command& command, UnixSeconds now) {
  debug_check(command.verb >= Verb::set && command.verb <= Verb::cas, "the verb stores a value");
  StoreRequest request;
  request.client_flags = command.client_flags;
  request.expiry = protocol::expiry_of(command.exptime, now);
  switch (command.verb) {
    case Verb::set:
      request.drops_old = true;
      break;
    case Verb::add:
      request.rule.mode = Mode::add;
      break;
    case Verb::replace:
      request.rule.mode = Mode::replace;
      break;
    case Verb::append:
      request.end = End::back;
      break;
    case Verb::prepend:
      request.end = End::front;
      break;
    default:
      break;
  }
  return request;
}

}  // namespace ember::server::command
