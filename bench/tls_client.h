// SPDX-License-Identifier: BSD-3-Clause
// TlsClient: what all TLS connections of a load share: whom they trust and as whom they come.
// Not a connection: wire.h.
//
// Threads: any may connect().
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace ember::bench {

/// Files with PEM. Without `ca` any certificate of the server will do; with it the chain is
/// verified, but not the name, since loads are sent to addresses.
struct TlsClientOptions {
  std::string ca;
  std::string certificate;  // the client's own, if the server wants one
  std::string key;
};

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

class TlsClient {
 public:
  /// Loads the files. An error says which, why, and what to do.
  static Result<TlsClient> open(const TlsClientOptions& options);

  /// The client's side of a connection over `socket`, which outlives it; its handshake is to come.
  Result<SslPtr> connect(const Fd& socket) const;

 private:
  std::unique_ptr<SSL_CTX, SslFree> context_;
};

/// Why OpenSSL's last call on this thread failed; forgets it.
std::string tls_cause();

}  // namespace ember::bench
