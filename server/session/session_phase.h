// SPDX-License-Identifier: BSD-3-Clause
// SessionPhase, InputState: where a session stands, and which step may follow which. Drawn in
// README.md. Not what a session does in them (session.h).
#pragma once

#include <cstdint>

namespace ember::server::session {

/// How far a session's life has gone. Only forwards, so that "up to" and "from" can be compared.
enum class SessionPhase : uint8_t {
  unauthenticated,  // the client must log in: nothing else of its input is done
  serving,          // requests are parsed and done
  input_closed,     // nothing more is parsed; what is held is still done, or the client listens
  closing,          // nothing more is done; closed once all is sent
  closed,           // the poller is to let go of it
};

/// Whether input may be used.
enum class InputState : uint8_t {
  flowing,    // input is used as it comes
  blocked,    // commands are held or the reply is full, or were until the session's next turn
  yielded,    // waits for its next turn, after the others had theirs
  suspended,  // waits until the handler calls resume()
};

/// Returns whether a session in `from` may enter `to`.
constexpr bool may_follow(SessionPhase from, SessionPhase to) {
  using enum SessionPhase;
  switch (to) {
    case unauthenticated:
      return false;
    case serving:
      return from == unauthenticated;
    case input_closed:
      return from == unauthenticated || from == serving;
    case closing:
      return from == serving || from == input_closed;
    case closed:
      return from != closed;
  }
  return false;
}

/// Returns whether input in `from` may become `to`. Staying is no step.
constexpr bool may_follow(InputState from, InputState to) {
  using enum InputState;
  switch (to) {
    case flowing:
      return from == blocked;
    case blocked:
      return from != blocked;
    case yielded:
    case suspended:
      return from == flowing || from == blocked;
  }
  return false;
}

}  // namespace ember::server::session
