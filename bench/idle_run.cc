// SPDX-License-Identifier: BSD-3-Clause
#include "bench/idle_run.h"

#include <sys/resource.h>

#include <chrono>
#include <thread>
#include <vector>

#include "base/check.h"
#include "bench/address.h"
#include "bench/process_usage.h"
#include "bench/wire.h"

namespace ember::bench {
namespace {

constexpr double kSettleSeconds = 0.5;

void sleep_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

Result<Wire> open_one(const Address& address, const TlsClient* tls, bool use) {
  auto fd = address.connect();
  if (!fd) {
    return std::unexpected(fd.error());
  }
  auto wire = Wire::open(std::move(*fd), tls);
  if (wire && use) {
    if (auto answer = wire->ask("get idle\r\n", "END\r\n"); !answer) {
      return std::unexpected(answer.error());
    }
  }
  return wire;
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Result<IdleResult> perform_idle_run(const IdleOptions& options) {
  check(options.connections > 0, "the growth is divided among connections");
  raise_descriptor_limit();
  auto address = Address::parse(options.server);
  if (!address) {
    return std::unexpected(address.error());
  }
  auto first = open_one(*address, options.tls, true);
  if (!first) {
    return std::unexpected(first.error());
  }
  sleep_for(kSettleSeconds);
  auto before = read_process_usage(options.server_pid);
  if (!before) {
    return std::unexpected(before.error());
  }
  std::vector<Wire> connections;
  for (uint32_t number = 0; number < options.connections; ++number) {
    auto wire = open_one(*address, options.tls, options.use_once);
    if (!wire) {
      return std::unexpected(wire.error());
    }
    connections.push_back(std::move(*wire));
  }
  check(connections.size() == options.connections, "as many are held as were asked for");
  sleep_for(options.hold_seconds);
  auto after = read_process_usage(options.server_pid);
  if (!after) {
    return std::unexpected(after.error());
  }
  const auto grown =
      static_cast<double>(after->resident_bytes) - static_cast<double>(before->resident_bytes);
  return IdleResult{.resident_before = before->resident_bytes,
                    .resident_after = after->resident_bytes,
                    .bytes_per_connection = grown / options.connections};
}

}  // namespace ember::bench
