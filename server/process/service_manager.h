// SPDX-License-Identifier: BSD-3-Clause
// ServiceManager: systemd, or whoever else started this process and speaks its notify protocol
// (sd_notify(3)): it hears when the server serves, reloads and stops. Without one, nothing happens.
// Not libsystemd: the protocol is one datagram, and stable.
// Threads: any after the constructor.
#pragma once

#include <string>
#include <string_view>

namespace ember::server {

class ServiceManager {
 public:
  /// Of this process's environment, from which it is taken: children have no business with it.
  /// Before there are other threads.
  ServiceManager();

  bool present() const { return !address_.empty(); }

  void ready() const;
  void reloading() const;
  void stopping() const;

 private:
  void tell(std::string_view state) const;

  std::string address_;  // of the socket; "@name" is an abstract one
};

}  // namespace ember::server
