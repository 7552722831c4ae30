// SPDX-License-Identifier: BSD-3-Clause
#include "bench/memory_test.h"

#include <string>

#include "base/check.h"
#include "base/numbers.h"
#include "bench/address.h"
#include "bench/process_usage.h"
#include "bench/wire.h"

namespace ember::bench {
namespace {

uint64_t stat(const std::string& stats, const std::string& name) {
  const std::string start = "STAT " + name + " ";
  const size_t at = stats.find(start);
  if (at == std::string::npos) {
    return 0;
  }
  const std::string_view rest = std::string_view(stats).substr(at + start.size());
  return parse_u64(rest.substr(0, rest.find('\r'))).value_or(0);
}

}  // namespace

Result<MemoryResult> run_memory_test(const Workload& workload, const LoadOptions& options) {
  check(options.server_pid.has_value(), "run_memory_test without the server's process");
  auto before = read_process_usage(*options.server_pid);
  if (!before) {
    return std::unexpected(before.error());
  }
  auto seconds = run_fill(workload, options);
  if (!seconds) {
    return std::unexpected(seconds.error());
  }
  auto address = Address::parse(options.server);
  auto fd = address->connect();
  if (!fd) {
    return std::unexpected(fd.error());
  }
  auto wire = Wire::open(std::move(*fd), options.tls);
  if (!wire) {
    return std::unexpected(wire.error());
  }
  auto stats = wire->ask("stats\r\n", "END\r\n");
  if (!stats) {
    return std::unexpected(stats.error());
  }
  auto after = read_process_usage(*options.server_pid);
  if (!after) {
    return std::unexpected(after.error());
  }
  const uint64_t count = workload.popularity.count();
  Wide total = 0;
  for (uint64_t key = 0; key < count; ++key) {
    total += workload.keys.size_of(key) + workload.values.size_of(key);
  }
  MemoryResult result;
  result.items_held = stat(*stats, "curr_items");
  result.evictions = stat(*stats, "evictions");
  result.user_bytes = static_cast<uint64_t>(total * result.items_held / count);
  result.resident_before = before->resident_bytes;
  result.resident_after = after->resident_bytes;
  result.seconds = *seconds;
  return result;
}

}  // namespace ember::bench
