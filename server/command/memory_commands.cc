// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/memory_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "base/check.h"
#include "base/numbers.h"

namespace ember::server::command {
namespace {

constexpr std::string_view kError = "ERROR";
constexpr std::string_view kBadFormat = "CLIENT_ERROR bad command line format";

std::optional<double> parse_real(std::string_view word) {
  double number = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number);
  return error == std::errc() && stop == end && std::isfinite(number) ? std::optional(number)
                                                                      : std::nullopt;
}

std::string_view reassign(const Context& context, const protocol::Arguments& arguments) {
  if (!context.options.slab_reassign) {
    return "CLIENT_ERROR slab reassignment disabled";
  }
  const auto from = protocol::parse_signed(arguments[1]);
  const auto to = protocol::parse_signed(arguments[2]);
  if (!from || !to) {
    return kBadFormat;
  }
  // Numbers beyond int are no classes either.
  const auto id = [](int64_t number) {
    return static_cast<int>(std::clamp<int64_t>(number, -2, std::numeric_limits<int>::max()));
  };
  switch (context.store.move_page(id(*from), id(*to))) {
    case storage::PageMove::ok:
      return "OK";
    case storage::PageMove::busy:
      return "BUSY currently processing reassign request";
    case storage::PageMove::same:
      return "SAME src and dst class are identical";
    case storage::PageMove::bad_class:
      return "BADCLASS invalid src or dst class id";
    case storage::PageMove::no_spare:
      return "NOSPARE source class has no spare pages";
  }
  return kError;
}

std::string_view automove(const Context& context, const protocol::Arguments& arguments) {
  storage::StoreTuning& tuning = context.store.tuning();
  if (arguments[1] == "ratio") {
    const auto ratio = parse_real(arguments[2]);
    if (!ratio) {
      return kError;
    }
    tuning.automove_ratio.store(*ratio);
    return "OK";
  }
  const auto level = parse_u64(arguments[1]);
  if (!level) {
    return kBadFormat;
  }
  if (*level > 2) {
    return kError;
  }
  if (context.options.slab_reassign) {  // else it is content, as memcached is, and nothing moves
    tuning.automove.store(static_cast<uint32_t>(*level));
  }
  return "OK";
}

std::string_view tune_lru(const protocol::Arguments& arguments) {
  const auto hot = parse_u64(arguments[1]);
  const auto warm = parse_u64(arguments[2]);
  const auto hot_factor = parse_real(arguments[3]);
  const auto warm_factor = parse_real(arguments[4]);
  constexpr uint64_t kMostPercent = 80;
  if (!hot || !warm || !hot_factor || !warm_factor) {
    return kError;
  }
  if (*hot > kMostPercent || *hot + *warm > kMostPercent) {
    return "ERROR hot and warm pcts must not exceed 80";
  }
  return *hot_factor <= 0 || *warm_factor <= 0 ? "ERROR hot/warm age factors must be greater than 0"
                                               : "OK";
}

}  // namespace

std::string control_slabs(const Context& context, const protocol::Arguments& arguments) {
  if (arguments.count() == 3 && arguments[0] == "reassign") {
    return std::string(reassign(context, arguments));
  }
  if (arguments.count() >= 2 && arguments[0] == "automove") {
    return std::string(automove(context, arguments));
  }
  return std::string(kError);
}

std::string control_lru(const protocol::Arguments& arguments) {
  if (arguments.count() >= 5 && arguments[0] == "tune") {
    return std::string(tune_lru(arguments));
  }
  const std::string_view value = arguments[1];
  const bool mode = arguments[0] == "mode" && (value == "flat" || value == "segmented");
  const bool ttl = arguments[0] == "temp_ttl" && protocol::parse_signed(value);
  return mode || ttl ? "OK" : "ERROR";
}

std::string limit_memory(const Context& context, const protocol::Arguments& arguments) {
  // memcached's own bounds: it takes what is larger for a number of bytes.
  constexpr uint64_t kMost = 1'000'000'000;
  constexpr size_t kLeast = 8;
  const auto megabytes = parse_u64(arguments[0]);
  if (!megabytes || arguments.count() > 2) {
    return std::string(kError);
  }
  if (*megabytes > kMost) {
    return "MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes";
  }
  // An item needs room beside another.
  const size_t least = std::max(kLeast, 2 * context.options.item_size_max / kMiB);
  if (*megabytes < least) {
    return fmt::format("MEMLIMIT_TOO_SMALL cannot set maxbytes to less than {}m", least);
  }
  debug_check(least * kMiB > context.options.item_size_max,
              "a limit has room for the largest item");
  const auto resized = context.store.resize(*megabytes * kMiB);
  return resized ? "OK" : "MEMLIMIT_ADJUST_FAILED " + resized.error().message;
}

}  // namespace ember::server::command
