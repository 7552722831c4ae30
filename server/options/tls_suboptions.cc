// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/tls_suboptions.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "base/numbers.h"

namespace ember::server {
namespace {

using Refusal = std::optional<OptionError>;

/// A choice by name or by number.
struct Choice {
  std::string_view word;
  uint64_t number;
};

constexpr auto kVerifyModes =
    std::to_array<Choice>({{"none", 0}, {"request", 1}, {"require", 2}, {"once", 3}});
constexpr auto kKeyFormats = std::to_array<Choice>({{"pem", 1}, {"der", 2}});
constexpr auto kVersions =
    std::to_array<Choice>({{"tlsv1.0", 0}, {"tlsv1.1", 1}, {"tlsv1.2", 2}, {"tlsv1.3", 3}});

/// The number of the choice that `text` names, by word or by number.
std::optional<uint64_t> choose(std::span<const Choice> choices, std::string_view text) {
  const auto number = parse_u64(text);
  const auto found = std::ranges::find_if(choices, [&](const Choice& choice) {
    return number == choice.number ||
           (text.size() == choice.word.size() &&
            ::strncasecmp(text.data(), choice.word.data(), text.size()) == 0);
  });
  return found == choices.end() ? std::nullopt : std::optional(found->number);
}

std::string words_of(std::span<const Choice> choices) {
  std::string text;
  for (const Choice& choice : choices) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", choice.number, choice.word);
  }
  return text;
}

/// memcached's words: of a number that is none of the choices, and of what is no number.
OptionError no_choice(std::string_view name, std::string_view value,
                      std::span<const Choice> choices) {
  const bool number = parse_u64(value).has_value() && name != "ssl_keyformat";
  return {.message = fmt::format("{} {}: it takes one of {}, not \"{}\"",
                                 number ? "Invalid" : "could not parse argument to", name,
                                 words_of(choices), value),
          .exit_code = 1};
}

// -d changes the directory.
std::string path_of(std::string_view text) {
  return std::filesystem::absolute(std::filesystem::path(text)).lexically_normal().string();
}

/// The settings that are one of several.
Refusal set_choice(std::string_view name, std::string_view value, net::TlsOptions& tls) {
  const bool verify = name == "ssl_verify_mode";
  const bool format = name == "ssl_keyformat";
  const std::span<const Choice> choices = verify   ? std::span<const Choice>(kVerifyModes)
                                          : format ? std::span<const Choice>(kKeyFormats)
                                                   : std::span<const Choice>(kVersions);
  const auto number = choose(choices, value);
  if (!number) {
    return no_choice(name, value, choices);
  }
  if (verify) {
    tls.verify = static_cast<net::TlsVerify>(*number);
  } else if (format) {
    tls.key_format = static_cast<net::TlsKeyFormat>(*number);
  } else {
    check(name == "ssl_min_version", "a TLS setting works and has no code");
    tls.min_version = static_cast<net::TlsVersion>(*number);
  }
  return std::nullopt;
}

}  // namespace

std::optional<OptionError> set_tls_suboption(std::string_view name, std::string_view value,
                                             double number, Options& options) {
  // A larger one saves nothing, and would be held by every connection that sends.
  constexpr size_t kMostWrite = kMiB;
  net::TlsOptions& tls = options.tls;
  if (name == "ssl_chain_cert") {
    tls.chain_cert = path_of(value);
  } else if (name == "ssl_key") {
    tls.key = path_of(value);
  } else if (name == "ssl_ca_cert") {
    tls.ca_cert = path_of(value);
  } else if (name == "ssl_ciphers") {
    tls.ciphers = value;
  } else if (name == "ssl_wbuf_size") {
    tls.write_size = std::clamp(static_cast<size_t>(number) * kKiB, kKiB, kMostWrite);
  } else if (name == "ssl_session_cache") {
    tls.session_cache = true;
  } else if (name == "ssl_handshake_timeout") {
    tls.handshake_timeout_s = static_cast<uint32_t>(number);
  } else {
    return set_choice(name, value, tls);
  }
  return std::nullopt;
}

std::optional<OptionError> check_tls(const Options& options) {
  if (options.tls_enabled && options.tls.chain_cert.empty()) {
    return OptionError{
        "Error loading the certificate chain: -Z needs -o ssl_chain_cert=FILE, and ssl_key=FILE "
        "where the key is in a file of its own",
        kUsageExitCode};
  }
  const bool mutual = std::ranges::any_of(
      options.listen, [](const ListenAddress& spec) { return spec.tls == TlsMode::mutual; });
  if (options.tls_enabled && mutual && options.tls.ca_cert.empty()) {
    return OptionError{
        "-l mtls: needs -o ssl_ca_cert=FILE: without it no client's certificate is good",
        kUsageExitCode};
  }
  return std::nullopt;
}

}  // namespace ember::server
