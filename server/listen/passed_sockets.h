// SPDX-License-Identifier: BSD-3-Clause
// Passed sockets: those that a service manager opened for this process: systemd's socket activation
// (sd_listen_fds(3)). They take the place of -p, -U, -l and -s. Not opening any: listeners.h.
// Threads: called by main before there are others.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "server/listen/listeners.h"

namespace ember::server {

struct PassedSocket {
  Fd fd;
  /// FileDescriptorName=; its words between dots are a listener's prefix: ascii, binary or auto,
  /// and notls, btls or mtls. Others mean nothing.
  std::string name;
};

/// Takes the sockets that this process's environment names, and the names out of it.
/// Returns none if there are none, or they are another process's; an error for a wrong LISTEN_FDS.
/// Requires: the process has not forked, and has no other threads.
Result<std::vector<PassedSocket>> take_passed_sockets();

/// Returns the sockets as listeners: listening stream sockets (TCP, Unix) and datagram sockets,
/// these once for each of `workers`; an error that names the descriptor for another kind. Requires:
/// `workers` is not 0.
Result<Listeners> adopt_sockets(std::vector<PassedSocket> sockets, size_t workers);

}  // namespace ember::server
