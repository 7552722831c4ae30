// SPDX-License-Identifier: BSD-3-Clause
// TlsContext: what all TLS connections of a process share, those of clients that come and those it
// opens: certificates, keys, authorities and settings, as loaded last; and what is counted of
// handshakes. Not connections: tls_channel.h.
//
// Threads: any. A connection keeps what was loaded when it came; reload() is for those to come.
// Ownership: outlives every connection made from it.
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "server/net/poller.h"
#include "server/net/tls/tls_options.h"

namespace ember::server::net {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

class TlsContext {
 public:
  /// Loads what `options` name. An error says which file, why, and what to do.
  static Result<std::unique_ptr<TlsContext>> open(const TlsOptions& options);

  /// Loads the files again. When that fails, what was loaded before stays.
  Result<void> reload() EMBER_EXCLUDES(mutex_);

  /// Returns the server's side of a connection, without input and output; null without memory.
  /// Requires: `security` is not plain; options().accept.
  SslPtr accept(Security security) EMBER_EXCLUDES(mutex_);

  /// Returns the client's side of a connection, without input and output; null without memory, or
  /// for a name that no certificate can have. The server's certificate must have `name`: a host's
  /// name, which the server is told (SNI), or a numeric address; empty: any name.
  /// Requires: options().connect.
  SslPtr connect(const std::string& name) EMBER_EXCLUDES(mutex_);

  const TlsOptions& options() const { return options_; }

  void count_handshake_error() { handshake_errors_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t handshake_errors() const { return handshake_errors_.load(std::memory_order_relaxed); }
  /// Sessions that clients may resume; several a connection in TLS 1.3.
  uint64_t new_sessions() const { return new_sessions_.load(std::memory_order_relaxed); }
  uint64_t seconds_since_load() const;

 private:
  using ContextPtr = std::unique_ptr<SSL_CTX, SslFree>;

  explicit TlsContext(const TlsOptions& options) : options_(options) {}
  Result<ContextPtr> make(const SSL_METHOD& method) const;
  Result<ContextPtr> load_accept();
  Result<ContextPtr> load_connect() const;
  Result<void> load_files(SSL_CTX& context) const;
  Result<void> load_authorities(SSL_CTX& context) const;
  Result<void> set_ciphers(SSL_CTX& context) const;
  void set_sessions(SSL_CTX& context);

  const TlsOptions options_;
  std::atomic<uint64_t> handshake_errors_{0};
  std::atomic<uint64_t> new_sessions_{0};
  std::atomic<std::chrono::steady_clock::time_point> loaded_at_{};

  Mutex mutex_;
  ContextPtr accept_ EMBER_GUARDED_BY(mutex_);   // null without options_.accept
  ContextPtr connect_ EMBER_GUARDED_BY(mutex_);  // null without options_.connect
};

}  // namespace ember::server::net
