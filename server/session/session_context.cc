// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/session_context.h"

namespace ember::server::session {

SessionContext::SessionContext(const Parts& parts, const SessionOptions& options)
    : parts_(parts), options_(options) {}

ListenerOptions SessionContext::options_of(uint32_t listener) const {
  return listener < options_.listeners.size() ? options_.listeners[listener] : ListenerOptions{};
}

}  // namespace ember::server::session
