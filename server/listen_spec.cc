// SPDX-License-Identifier: BSD-3-Clause
#include "server/listen_spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/numbers.h"

namespace ember::server {
namespace {

using Refusal = std::optional<OptionError>;

OptionError cannot_listen(std::string message) {
  return {.message = std::move(message), .exit_code = kSystemExitCode};
}

Refusal parse_port(std::string_view text, ListenSpec& spec) {
  const auto port = parse_u64(text);
  if (!port || *port > 65535) {
    return cannot_listen(fmt::format("Invalid port number: \"{}\"", text));
  }
  spec.port = static_cast<uint16_t>(*port);
  return std::nullopt;
}

Refusal parse_bracketed(std::string_view text, ListenSpec& spec) {
  const size_t close = text.find(']');
  if (close == std::string_view::npos) {
    return cannot_listen(fmt::format("Invalid IPV6 address: \"{}\"", text));
  }
  spec.host = std::string(text.substr(1, close - 1));
  const std::string_view rest = text.substr(close + 1);
  if (rest.empty()) {
    return std::nullopt;
  }
  if (rest.front() != ':') {
    return cannot_listen(fmt::format("Invalid IPV6 address: \"{}\"", text));
  }
  return parse_port(rest.substr(1), spec);
}

Refusal parse_one(std::string_view text, ListenSpec& spec) {
  if (text.starts_with("notls:")) {
    return cannot_listen("'notls' option is valid only when SSL is enabled");
  }
  if (text.front() == '[') {
    return parse_bracketed(text, spec);
  }
  // More than one colon without brackets is an IPv6 address by itself.
  if (std::ranges::count(text, ':') != 1) {
    spec.host = std::string(text);
    return std::nullopt;
  }
  const size_t colon = text.find(':');
  spec.host = std::string(text.substr(0, colon));
  if (spec.host.empty()) {
    return cannot_listen(fmt::format(
        "\"{}\" has a port but no address; for every address write \"*{}\"", text, text));
  }
  return parse_port(text.substr(colon + 1), spec);
}

}  // namespace

std::optional<OptionError> parse_listen_specs(std::string_view text,
                                              std::vector<ListenSpec>& specs) {
  constexpr std::string_view kBlanks = " \t";
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(",;"), text.size());
    std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    one.remove_prefix(std::min(one.find_first_not_of(kBlanks), one.size()));
    one = one.substr(0, one.find_last_not_of(kBlanks) + 1);
    if (one.empty()) {
      continue;
    }
    ListenSpec spec;
    if (Refusal refusal = parse_one(one, spec)) {
      return refusal;
    }
    if (spec.host == "*") {
      spec.host.clear();
    }
    // memcached, too, takes an address given twice for one.
    if (std::ranges::find(specs, spec) == specs.end()) {
      specs.push_back(std::move(spec));
    }
  }
  return std::nullopt;
}

}  // namespace ember::server
