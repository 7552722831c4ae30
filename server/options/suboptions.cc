// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/suboptions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <expected>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/nearest_name.h"
#include "server/options/argument_reader.h"
#include "server/options/suboption_table.h"
#include "server/options/tls_suboptions.h"

namespace ember::server {
namespace {

using Refusal = std::optional<OptionError>;

OptionError mistake(std::string message) { return {.message = std::move(message), .exit_code = 1}; }

/// The row of `name`; rows such as "ext_*" stand for all names that begin so.
const SuboptionRow* find_suboption(std::string_view name) {
  const auto table = suboption_table();
  const auto row = std::ranges::find_if(table, [&](const SuboptionRow& each) {
    return each.name.ends_with('*') ? name.starts_with(each.name.substr(0, each.name.size() - 1))
                                    : each.name == name;
  });
  return row == table.end() ? nullptr : &*row;
}

OptionError unknown_suboption(std::string_view text) {
  std::vector<std::string_view> names;
  for (const SuboptionRow& row : suboption_table()) {
    if (!row.name.ends_with('*')) {
      names.push_back(row.name);
    }
  }
  std::string message = fmt::format("Illegal suboption \"{}\"", text);
  if (const auto nearest = nearest_name(text.substr(0, text.find('=')), names)) {
    message += fmt::format("; did you mean \"{}\"?", *nearest);
  }
  return mistake(std::move(message));
}

OptionError missing_value(const SuboptionRow& row) {
  return mistake(row.missing_message.empty() ? fmt::format("Missing {} argument", row.name)
                                             : std::string(row.missing_message));
}

/// All of `text` as a number, if that is what it is.
std::optional<double> parse_number(std::string_view text, bool whole) {
  if (whole) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return std::nullopt;
    }
    return static_cast<double>(number);
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

OptionError beyond_limits(const SuboptionRow& row, std::string_view value) {
  if (row.limits_message.empty()) {
    return mistake(fmt::format("{} takes a number from {:.0f} to {:.0f}, not \"{}\"", row.name,
                               row.least, row.most, value));
  }
  const auto number = parse_number(value, false);
  const bool high = number && *number > row.most;
  return mistake(fmt::format(fmt::runtime(row.limits_message), value, high ? "high" : "low"));
}

/// The row's number, 0 when it has none; or what is wrong with the value.
std::expected<double, OptionError> checked_number(const SuboptionRow& row,
                                                  const std::optional<std::string_view>& value) {
  if (row.value == SuboptionValue::none) {
    return 0;
  }
  if (!value) {
    if (row.value == SuboptionValue::optional) {
      return 0;
    }
    return std::unexpected(missing_value(row));
  }
  if (row.value == SuboptionValue::text) {
    return 0;
  }
  const bool whole = row.value != SuboptionValue::real;
  const auto number = parse_number(*value, whole);
  if (!number || *number < row.least || *number > row.most ||
      (!whole && (*number == row.least || *number == row.most))) {
    return std::unexpected(beyond_limits(row, *value));
  }
  return *number;
}

Refusal check_text(const SuboptionRow& row, std::string_view value) {
  if (row.name == "hash_algorithm" && value != "jenkins" && value != "murmur3" && value != "xxh3") {
    return mistake("Unknown hash_algorithm option (jenkins, murmur3, xxh3)");
  }
  const bool sizes = value.find_first_not_of("0123456789-") == std::string_view::npos;
  if (row.name == "slab_sizes" && (value.empty() || !sizes)) {
    return OptionError{fmt::format("slab_sizes takes sizes joined by dashes, not \"{}\"", value),
                       kUsageExitCode};
  }
  return std::nullopt;
}

/// What a suboption that works does.
void apply(std::string_view name, double number, bool given, Options& options) {
  const auto size = static_cast<size_t>(number);
  if (name == "maxconns_fast") {
    options.maxconns_fast = true;
  } else if (name == "no_maxconns_fast" || name == "no_modern") {
    options.maxconns_fast = false;
  } else if (name == "lru_crawler" || name == "no_lru_crawler") {
    options.sweep = name == "lru_crawler";
  } else if (name == "lru_crawler_sleep") {
    options.sweep_rest_us = static_cast<uint32_t>(size);
  } else if (name == "lru_crawler_tocrawl") {
    options.sweep_items = static_cast<uint32_t>(size);
  } else if (name == "sock_cookie_id") {
    options.socket_mark = static_cast<uint32_t>(size);
  } else if (name == "udp_max_reply") {
    options.udp_max_reply = size * kKiB;
  } else if (name == "udp_max_rate") {
    options.udp_max_rate = size * kKiB;
  } else if (name == "track_sizes") {
    options.track_sizes = true;
  } else if (name == "slab_reassign" || name == "no_slab_reassign") {
    options.slab_reassign = name == "slab_reassign";
  } else if (name == "slab_automove") {
    options.slab_automove = given ? static_cast<uint32_t>(size) : 1;
  } else if (name == "no_slab_automove") {
    options.slab_automove = 0;
  } else if (name == "slab_automove_ratio") {
    options.slab_automove_ratio = number;
  } else if (name == "hashpower") {
    options.hash_power = static_cast<unsigned>(size);
  } else if (name == "watcher_logbuf_size") {
    options.watcher_log_size = size * kKiB;
  } else if (name == "worker_logbuf_size") {
    options.worker_log_size = size * kKiB;
  } else {
    check(name == "idle_timeout", "a suboption works and has no code");
    options.idle_timeout_s = static_cast<uint32_t>(size);
  }
}

Refusal parse_one(std::string_view text, Options& options, SuboptionsSeen& seen) {
  const size_t equals = text.find('=');
  const SuboptionRow* row = find_suboption(text.substr(0, equals));
  if (row == nullptr) {
    return unknown_suboption(text);
  }
  if (row->support == Support::refused) {
    return OptionError{fmt::format("-o {}: {}", text, row->remark), kUsageExitCode};
  }
  std::optional<std::string_view> value;
  if (equals != std::string_view::npos) {
    value = text.substr(equals + 1);
  }
  const auto number = checked_number(*row, value);
  if (!number) {
    return number.error();
  }
  if (row->value == SuboptionValue::text) {
    if (Refusal refusal = check_text(*row, *value)) {
      return refusal;
    }
  }
  if (row->name == "hot_lru_pct") {
    seen.hot_lru_pct = *number;
  } else if (row->name == "warm_lru_pct") {
    seen.warm_lru_pct = *number;
  }
  if (row->support == Support::works && row->name.starts_with("ssl_")) {
    return set_tls_suboption(row->name, value.value_or(""), *number, options);
  }
  if (row->support == Support::works) {
    apply(row->name, *number, value.has_value(), options);
  } else {
    options.notes.push_back(fmt::format("-o {} has no effect: {}", text, row->remark));
  }
  return std::nullopt;
}

}  // namespace

std::optional<OptionError> parse_suboptions(std::string_view list, Options& options,
                                            SuboptionsSeen& seen) {
  // As getsubopt: nothing behind the last comma is no suboption; nothing before one is.
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (Refusal refusal = parse_one(list.substr(0, comma), options, seen)) {
      return refusal;
    }
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return std::nullopt;
}

std::optional<OptionError> check_suboptions(const SuboptionsSeen& seen) {
  if (seen.hot_lru_pct + seen.warm_lru_pct > 80) {
    return OptionError{"hot_lru_pct + warm_lru_pct cannot be more than 80% combined",
                       kUsageExitCode};
  }
  return std::nullopt;
}

}  // namespace ember::server
