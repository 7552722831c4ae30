// SPDX-License-Identifier: BSD-3-Clause
#include "bench/memory_run.h"

#include <string_view>

#include "base/check.h"
#include "base/numbers.h"
#include "bench/address.h"
#include "bench/process_usage.h"
#include "bench/wire.h"
#include "protocol/reply_parser.h"

namespace ember::bench {
namespace {

/// The number that the answer to `stats` has under `name`; 0 if it has none.
uint64_t stat(std::string_view stats, std::string_view name) {
  protocol::ReplyParser parser({});
  protocol::Reply reply;
  do {
    const auto step = parser.parse(stats, reply);
    if (step.stop != protocol::ReplyParser::Stop::reply) {
      return 0;
    }
    if (reply.kind == protocol::ReplyKind::stat && reply.key == name) {
      return parse_u64(reply.arguments).value_or(0);
    }
    stats.remove_prefix(step.consumed);
  } while (!ends_answer(protocol::Verb::stats, reply.kind));
  return 0;
}

}  // namespace

Result<MemoryResult> perform_memory_run(const Workload& workload, const LoadOptions& options) {
  check(options.server_pid.has_value(), "perform_memory_run without the server's process");
  auto before = read_process_usage(*options.server_pid);
  if (!before) {
    return std::unexpected(before.error());
  }
  auto seconds = run_fill(workload, options);
  if (!seconds) {
    return std::unexpected(seconds.error());
  }
  auto address = Address::parse(options.server);
  check(address.has_value(), "the fill has connected to the address");
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
