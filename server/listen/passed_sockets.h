// SPDX-License-Identifier: BSD-3-Clause
// Passed sockets: those that whoever started this process opened for it: systemd's socket
// activation (sd_listen_fds(3)). They take the place of -p, -U, -l and -s.
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

/// Of this process's environment, from which they are taken. Before it forks or has threads.
Result<std::vector<PassedSocket>> take_passed_sockets();

/// As listeners: listening stream sockets (TCP, Unix) and datagram sockets, these once for each of
/// `workers`.
Result<Listeners> adopt_sockets(std::vector<PassedSocket> sockets, size_t workers);

}  // namespace ember::server
