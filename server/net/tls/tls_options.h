// SPDX-License-Identifier: BSD-3-Clause
// TlsOptions: what -Z and the ssl_* settings of -o say, as plain data. Not their parsing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace ember::server::net {

/// ssl_verify_mode: what is asked of clients' certificates. The numbers are memcached's.
enum class TlsVerify : uint8_t { none = 0, request = 1, require = 2, once = 3 };

/// ssl_min_version. The numbers are memcached's.
enum class TlsVersion : uint8_t { tls1_0 = 0, tls1_1 = 1, tls1_2 = 2, tls1_3 = 3 };

/// ssl_keyformat. The numbers are memcached's.
enum class TlsKeyFormat : uint8_t { pem = 1, der = 2 };

/// Of connections that this side opens.
struct TlsConnectOptions {
  /// A PEM file with the authorities whose certificates servers may have. Empty: the system's.
  std::string authorities;
  /// Whether a server's certificate is verified at all: its chain, its dates and its name.
  bool verify = true;
};

struct TlsOptions {
  /// Whether connections of clients are accepted: chain_cert and what follows it are loaded.
  bool accept = true;
  /// Null: this side opens no connections with TLS.
  std::optional<TlsConnectOptions> connect;
  /// ssl_chain_cert: a PEM file, the server's certificate first.
  std::string chain_cert;
  /// ssl_key. Empty: it is in chain_cert.
  std::string key;
  TlsKeyFormat key_format = TlsKeyFormat::pem;
  TlsVerify verify = TlsVerify::none;
  /// ssl_ciphers: names as OpenSSL has them, joined by colons. Empty: OpenSSL's choice.
  std::string ciphers;
  /// ssl_ca_cert: whose clients' certificates are taken. Empty: nobody's.
  std::string ca_cert;
  /// ssl_wbuf_size: most bytes of replies that are encrypted into one send.
  size_t write_size = 16 * kKiB;
  /// ssl_session_cache: clients may resume their sessions.
  bool session_cache = false;
  TlsVersion min_version = TlsVersion::tls1_2;
  /// ssl_handshake_timeout: how long a client may take until it can send its first command.
  uint32_t handshake_timeout_s = 10;
};

}  // namespace ember::server::net
