// SPDX-License-Identifier: BSD-3-Clause
#include "bench/tls_client.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <cstring>

#include "base/check.h"

namespace ember::bench {
namespace {

// One read of the socket takes many small records: the load must not be what is slow.
constexpr size_t kReadAhead = 64UL * 1024;

Result<void> load_authority(SSL_CTX& context, const std::string& file) {
  if (file.empty()) {
    SSL_CTX_set_verify(&context, SSL_VERIFY_NONE, nullptr);
    return {};
  }
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_load_verify_locations(&context, file.c_str(), nullptr) != 1) {
    return fail(
        fmt::format("--tls-ca={}: {}; it must be a readable file with a CA's PEM certificate", file,
                    tls_cause()));
  }
  return {};
}

Result<void> load_certificate(SSL_CTX& context, const TlsClientOptions& options) {
  if (options.certificate.empty() != options.key.empty()) {
    return fail("--tls-cert and --tls-key go together: a certificate and its key");
  }
  if (options.certificate.empty()) {
    return {};
  }
  if (SSL_CTX_use_certificate_chain_file(&context, options.certificate.c_str()) != 1) {
    return fail(
        fmt::format("--tls-cert={}: {}; it must be a readable file with PEM certificates, the "
                    "client's first",
                    options.certificate, tls_cause()));
  }
  if (SSL_CTX_use_PrivateKey_file(&context, options.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail(
        fmt::format("--tls-key={}: {}; it must be a readable file with the PEM private key of "
                    "--tls-cert",
                    options.key, tls_cause()));
  }
  return {};
}

}  // namespace

Result<TlsClient> TlsClient::open(const TlsClientOptions& options) {
  ERR_clear_error();
  TlsClient client;
  client.context_.reset(SSL_CTX_new(TLS_client_method()));
  if (client.context_ == nullptr) {
    return fail(fmt::format("cannot make a TLS context: {}", tls_cause()));
  }
  SSL_CTX& context = *client.context_;
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION);
  // What a socket did not take lies elsewhere when it is sent again.
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(&context, 1);
  SSL_CTX_set_default_read_buffer_len(&context, kReadAhead);
  if (auto done = load_authority(context, options.ca); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = load_certificate(context, options); !done) {
    return std::unexpected(done.error());
  }
  return client;
}

Result<SslPtr> TlsClient::connect(const Fd& socket) const {
  check(context_ != nullptr, "a client is opened before it connects");
  ERR_clear_error();
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), socket.get()) != 1) {
    return fail(fmt::format("cannot make a TLS connection: {}", tls_cause()));
  }
  SSL_set_connect_state(ssl.get());
  return ssl;
}

std::string tls_cause() {
  // The first error is the cause, the others follow from it.
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason =
      ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown error";
}

}  // namespace ember::bench
