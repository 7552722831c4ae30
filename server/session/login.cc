// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/login.h"

#include "base/check.h"
#include "protocol/login_request.h"

namespace ember::server::session {
namespace {

std::string_view answer_to(protocol::LoginRequest::Kind kind, bool granted) {
  using Kind = protocol::LoginRequest::Kind;
  switch (kind) {
    case Kind::more_input:
    case Kind::endless_line:  // as memcached, which says nothing either
      return {};
    case Kind::malformed:
      return "CLIENT_ERROR bad authentication token format\r\n";
    case Kind::bad_end:
      return "CLIENT_ERROR bad command line termination\r\n";
    case Kind::credentials:
    case Kind::too_large:
      return granted ? "STORED\r\n" : "CLIENT_ERROR authentication failure\r\n";
    case Kind::other:
      break;
  }
  return "CLIENT_ERROR unauthenticated\r\n";
}

}  // namespace

LoginStep answer_login(std::span<const char> input, const Authenticator& authenticator,
                       LoginCounters& counters, protocol::ReplyBuffer& reply) {
  using Kind = protocol::LoginRequest::Kind;
  const protocol::LoginRequest request = protocol::read_login(input);
  LoginStep step{.consumed = request.consumed,
                 .close = request.kind == Kind::endless_line,
                 .value_follows = request.value_follows,
                 .value_size = request.value_size};
  // Attempts are counted, as memcached counts them; what is no attempt is not.
  if (request.kind == Kind::credentials || request.kind == Kind::too_large) {
    step.granted =
        request.kind == Kind::credentials && authenticator.allow(request.user, request.password);
    counters.commands += 1;
    counters.errors += step.granted ? 0 : 1;
  }
  debug_check(step.consumed <= input.size(), "no more is used than came");
  debug_check(!step.granted || (step.consumed > 0 && !step.close),
              "who may log in has sent a whole request");
  reply.append(answer_to(request.kind, step.granted));
  return step;
}

}  // namespace ember::server::session
