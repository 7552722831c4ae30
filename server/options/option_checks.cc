// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/option_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "server/options/listen_address.h"
#include "server/options/refusal.h"

namespace ember::server {
namespace {

/// -m, -I and -e.
Refusal check_memory(const Options& options) {
  if (options.item_size_max < kKiB) {
    return usage("Item max size cannot be less than 1024 bytes.");
  }
  if (options.memory_auto && options.memory_file.empty()) {
    return usage("-m auto needs --memory-file, whose size it takes; give -m in megabytes");
  }
  if (options.memory_file.empty() && (options.memory_file_sync || options.memory_file_strict)) {
    return usage("--memory-file-sync and --memory-file-strict need --memory-file");
  }
  if (!options.memory_auto && options.item_size_max > options.memory_limit / 2) {
    return usage("Cannot set item size limit higher than 1/2 of memory max.");
  }
  if (options.item_size_max > kGiB) {
    return usage("Cannot set item size limit higher than a gigabyte.");
  }
  return std::nullopt;
}

/// memcached's queues, which are accepted.
Refusal check_queues(const Options& options) {
  constexpr uint32_t kMostPercent = 80;
  if (options.hot_lru_pct + options.warm_lru_pct > kMostPercent) {
    return usage("hot_lru_pct + warm_lru_pct cannot be more than 80% combined");
  }
  return std::nullopt;
}

/// -Z and its certificates.
Refusal check_tls(const Options& options) {
  if (options.tls_enabled && options.tls.chain_cert.empty()) {
    return usage(
        "Error loading the certificate chain: -Z needs -o ssl_chain_cert=FILE, and ssl_key=FILE "
        "where the key is in a file of its own");
  }
  const bool mutual = std::ranges::any_of(
      options.listen, [](const ListenAddress& spec) { return spec.tls == TlsMode::mutual; });
  if (options.tls_enabled && mutual && options.tls.ca_cert.empty()) {
    return usage("-l mtls: needs -o ssl_ca_cert=FILE: without it no client's certificate is good");
  }
  return std::nullopt;
}

/// Whether -B or a listener's proto[] allows more than `only`.
bool allows_more_than(Protocol only, const Options& options) {
  return (options.protocol_given && options.protocol != only) ||
         std::ranges::any_of(options.listen, [only](const ListenAddress& spec) {
           return spec.protocol.value_or(only) != only;
         });
}

/// Each way to authenticate is of one protocol, and the other would be a way around it.
Refusal check_authentication(const Options& options) {
  if (!options.auth_file.empty()) {
    if (options.udp_port != 0) {
      return usage("Cannot use UDP with ascii authentication enabled (-U 0 to disable)");
    }
    if (allows_more_than(Protocol::ascii, options)) {
      return usage(
          "ERROR: You cannot allow the BINARY protocol while using ascii authentication tokens.");
    }
  } else if (options.sasl) {
    if (options.udp_port != 0) {
      return usage("ERROR: Cannot enable UDP while using binary SASL authentication.");
    }
    if (allows_more_than(Protocol::binary, options)) {
      return usage("ERROR: You cannot allow the ASCII protocol while using SASL.");
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<OptionError> check_together(const Options& options,
                                          std::span<const OptionRow* const> refused) {
  if (Refusal refusal = check_memory(options)) {
    return refusal;
  }
  if (Refusal refusal = check_queues(options)) {
    return refusal;
  }
  if (Refusal refusal = check_listen_specs(options.listen, options.tls_enabled)) {
    return refusal;
  }
  if (Refusal refusal = check_tls(options)) {
    return refusal;
  }
  if (Refusal refusal = check_authentication(options)) {
    return refusal;
  }
  if (!refused.empty()) {
    const OptionRow& row = *refused.front();
    check(row.support == Support::refused, "only what is not available is refused");
    return usage(fmt::format("{}: {}", option_name(row), row.remark));
  }
  return std::nullopt;
}

}  // namespace ember::server
