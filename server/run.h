// SPDX-License-Identifier: BSD-3-Clause
// run: one server as this process: what its options ask of the system, then serving until a signal.
// Not the server (server.h), not the reading of options (main.cc).
//
// Threads: the main thread, before there are others; signals are blocked in all that follow.
#pragma once

#include <memory>

#include "base/result.h"
#include "server/net/tls/tls_context.h"
#include "server/options/options.h"

namespace ember::server {

/// Returns when a signal has ended the server gracefully, or at once with why it cannot start.
/// Requires: called on the main thread before there are others.
/// `tls`: what -Z loads, loaded with the rights of the start; null without -Z.
Result<void> run(const Options& options, std::unique_ptr<net::TlsContext> tls);

}  // namespace ember::server
