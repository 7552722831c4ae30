// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/listen_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <expected>

#include "base/check.h"
#include "base/numbers.h"
#include "server/options/refusal.h"

namespace ember::server {
namespace {

OptionError cannot_listen(std::string message) {
  return {.message = std::move(message), .exit_code = kSystemExitCode};
}

Refusal parse_port(std::string_view text, ListenAddress& spec) {
  const auto port = parse_u64(text);
  if (!port || *port > 65535) {
    return cannot_listen(fmt::format("Invalid port number: \"{}\"", text));
  }
  spec.port = static_cast<uint16_t>(*port);
  return std::nullopt;
}

Refusal parse_bracketed(std::string_view text, ListenAddress& spec) {
  check(text.starts_with('['), "an address in brackets begins with one");
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

/// What stands between the brackets of "tag[...]" or between the underscores of "tag_..._", which
/// `text` begins with behind the word; removed from it with the colon that follows.
std::expected<std::string_view, OptionError> take_bracketed(std::string_view word,
                                                            std::string_view& text) {
  check(text.starts_with('[') || text.starts_with('_'), "a bracket follows the word");
  const std::string_view whole = text;
  const char close = text.front() == '[' ? ']' : '_';
  const size_t end = text.find(close, 1);
  if (end == std::string_view::npos || end + 1 == text.size() || text[end + 1] != ':') {
    return std::unexpected(cannot_listen(fmt::format(
        "Invalid {} in socket config: \"{}\"; write {}[...]:ADDRESS", word, whole, word)));
  }
  const std::string_view name = text.substr(1, end - 1);
  text.remove_prefix(end + 2);
  return name;
}

Refusal set_protocol(std::string_view name, ListenAddress& spec) {
  if (name == "ascii") {
    spec.protocol = Protocol::ascii;
  } else if (name == "negotiating") {
    spec.protocol = Protocol::automatic;
  } else if (name == "binary") {
    spec.protocol = Protocol::binary;
  } else if (name == "proxy") {
    return cannot_listen("Server not built with proxy: \"proto[proxy]\"");
  } else {
    return cannot_listen(fmt::format(
        "-l knows no proto[{}]; it is one of ascii, binary, negotiating and proxy", name));
  }
  return std::nullopt;
}

Refusal set_tag(std::string_view name, ListenAddress& spec) {
  constexpr size_t kLongestTag = 8;
  if (name.empty() || name.size() > kLongestTag) {
    return cannot_listen(
        fmt::format("Listener tags must be between 1 and 8 characters: \"{}\"", name));
  }
  spec.tag = std::string(name);
  return std::nullopt;
}

/// "tag[" or "tag_", but not a host that only begins alike ("tagged.example.org").
bool begins_bracketed(std::string_view word, std::string_view text) {
  if (!text.starts_with(word) || text.size() == word.size()) {
    return false;
  }
  const std::string_view rest = text.substr(word.size());
  return rest.front() == '[' ||
         (rest.front() == '_' && rest.find("_:", 1) != std::string_view::npos);
}

struct TlsWord {
  std::string_view word;
  TlsMode mode;
};

constexpr auto kTlsWords = std::to_array<TlsWord>({
    {"notls:", TlsMode::off},
    {"btls:", TlsMode::on},
    {"mtls:", TlsMode::mutual},
});

/// Takes one prefix off `text`. What comes out: whether there was one.
std::expected<bool, OptionError> take_prefix(std::string_view& text, ListenAddress& spec) {
  for (const TlsWord& each : kTlsWords) {
    if (text.starts_with(each.word)) {
      if (spec.tls != TlsMode::by_default) {
        return std::unexpected(
            cannot_listen("-l takes one of notls, btls and mtls before an address, once"));
      }
      spec.tls = each.mode;
      text.remove_prefix(each.word.size());
      return true;
    }
  }
  for (const std::string_view word : {"proto", "tag"}) {
    if (!begins_bracketed(word, text)) {
      continue;
    }
    const bool is_tag = word == "tag";
    if (is_tag ? !spec.tag.empty() : spec.protocol.has_value()) {
      return std::unexpected(
          cannot_listen(fmt::format("-l takes {}[...] before an address once", word)));
    }
    text.remove_prefix(word.size());
    const auto name = take_bracketed(word, text);
    if (!name) {
      return std::unexpected(name.error());
    }
    if (Refusal refusal = is_tag ? set_tag(*name, spec) : set_protocol(*name, spec)) {
      return std::unexpected(std::move(*refusal));
    }
    return true;
  }
  return false;
}

Refusal parse_one(std::string_view text, ListenAddress& spec) {
  while (true) {
    const auto taken = take_prefix(text, spec);
    if (!taken) {
      return taken.error();
    }
    if (!*taken) {
      break;
    }
  }
  if (text.empty()) {
    return cannot_listen("-l needs an address behind a prefix; for every address write \"*\"");
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
                                              std::vector<ListenAddress>& specs) {
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
    check(one.find_first_of(",;") == std::string_view::npos, "one address is taken at a time");
    ListenAddress spec;
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

std::optional<OptionError> check_listen_specs(std::span<const ListenAddress> specs, bool tls) {
  for (const ListenAddress& spec : specs) {
    if (spec.tls != TlsMode::by_default && !tls) {
      const auto found = std::ranges::find(kTlsWords, spec.tls, &TlsWord::mode);
      check(found != kTlsWords.end(), "each mode but the default has a word");
      return cannot_listen(fmt::format("'{}' option is valid only when SSL is enabled",
                                       found->word.substr(0, found->word.size() - 1)));
    }
  }
  return std::nullopt;
}

}  // namespace ember::server
