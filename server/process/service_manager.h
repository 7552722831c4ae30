// SPDX-License-Identifier: BSD-3-Clause
// ServiceManager: reports to systemd, or to another service manager that speaks its notify protocol
// (sd_notify(3)), when the server serves, reloads and stops. Without one, nothing happens.
// Not libsystemd: the protocol is one datagram, and stable.
// Threads: any after the constructor.
#pragma once

#include <string>
#include <string_view>

namespace ember::server {

class ServiceManager {
 public:
  /// Takes the manager's address out of this process's environment, so that children do not have
  /// it. Requires: the process has no other threads.
  ServiceManager();

  /// Returns whether a service manager started this process.
  bool present() const { return !address_.empty(); }

  // Each reports at once; a failure is logged, and nothing else comes of it.
  /// The server serves; also after reloading().
  void ready() const;
  void reloading() const;
  void stopping() const;

 private:
  void report(std::string_view state) const;

  std::string address_;  // of the socket; "@name" is an abstract one
};

}  // namespace ember::server
