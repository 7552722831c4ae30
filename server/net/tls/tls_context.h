// SPDX-License-Identifier: BSD-3-Clause
// TlsContext: what all TLS connections of a server share: certificates, keys and settings, as
// loaded last; and what is counted of handshakes. Not connections: tls_channel.h.
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

  /// A connection of the server's side. Its input and output are `method`'s. Null: no memory.
  SslPtr connect(Security security) EMBER_EXCLUDES(mutex_);

  const TlsOptions& options() const { return options_; }

  void count_handshake_error() { handshake_errors_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t handshake_errors() const { return handshake_errors_.load(std::memory_order_relaxed); }
  /// Sessions that clients may resume; several a connection in TLS 1.3.
  uint64_t new_sessions() const { return new_sessions_.load(std::memory_order_relaxed); }
  uint64_t seconds_since_load() const;

 private:
  using ContextPtr = std::unique_ptr<SSL_CTX, SslFree>;

  explicit TlsContext(const TlsOptions& options) : options_(options) {}
  Result<ContextPtr> load();
  Result<void> load_files(SSL_CTX& context) const;
  Result<void> load_authorities(SSL_CTX& context) const;
  Result<void> set_ciphers(SSL_CTX& context) const;
  void set_sessions(SSL_CTX& context);

  const TlsOptions options_;
  std::atomic<uint64_t> handshake_errors_{0};
  std::atomic<uint64_t> new_sessions_{0};
  std::atomic<std::chrono::steady_clock::time_point> loaded_at_{};

  Mutex mutex_;
  ContextPtr context_ EMBER_GUARDED_BY(mutex_);
};

}  // namespace ember::server::net
