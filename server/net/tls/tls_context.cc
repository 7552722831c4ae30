// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/tls/tls_context.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/check.h"

namespace ember::server::net {
namespace {

/// Sessions kept for clients that resume without a ticket: at most some 20 MiB.
constexpr long kMaxCachedSessions = 20'000;

constexpr std::string_view kSessionContext = "ember";

/// Why OpenSSL's last call failed: the first of its errors is the cause, the others follow from it.
std::string cause() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) {
    return "unknown error";
  }
  if (ERR_SYSTEM_ERROR(code)) {
    return std::generic_category().message(ERR_GET_REASON(code));
  }
  const char* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:x}", code);
}

// memcached's words, then the remedy.
std::unexpected<Error> cannot_load(std::string_view what, std::string_view file,
                                   std::string_view remedy) {
  return fail(fmt::format("Error loading the {}: {} : {}; {}", what, file, cause(), remedy));
}

/// A key with a pass phrase must not make the server ask its terminal.
int refuse_pass_phrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return -1;
}

int version_number(TlsVersion version) {
  switch (version) {
    case TlsVersion::tls1_0:
      return TLS1_VERSION;
    case TlsVersion::tls1_1:
      return TLS1_1_VERSION;
    case TlsVersion::tls1_2:
      return TLS1_2_VERSION;
    case TlsVersion::tls1_3:
      break;
  }
  return TLS1_3_VERSION;
}

int verify_flags(TlsVerify verify) {
  switch (verify) {
    case TlsVerify::none:
      return SSL_VERIFY_NONE;
    case TlsVerify::request:
      return SSL_VERIFY_PEER;
    case TlsVerify::require:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case TlsVerify::once:
      break;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT | SSL_VERIFY_CLIENT_ONCE;
}

int count_session(SSL* ssl, SSL_SESSION* /*session*/) {
  auto* const count =
      static_cast<std::atomic<uint64_t>*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  count->fetch_add(1, std::memory_order_relaxed);
  return 0;  // no reference is kept
}

/// The server's certificate must have `name`; a host's name is also told to it (SNI), an address is
/// not (RFC 6066, 3). Returns false if OpenSSL takes no such name.
bool expect_name(SSL& ssl, const std::string& name) {
  debug_check(!name.empty(), "a name that is expected is not empty");
  X509_VERIFY_PARAM* const expected = SSL_get0_param(&ssl);
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) == 1) {
    return true;
  }
  return X509_VERIFY_PARAM_set1_host(expected, name.c_str(), name.size()) == 1 &&
         SSL_set_tlsext_host_name(&ssl, name.c_str()) == 1;
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::open(const TlsOptions& options) {
  std::unique_ptr<TlsContext> context(new TlsContext(options));
  if (auto loaded = context->reload(); !loaded) {
    return fail(loaded.error().message);
  }
  return context;
}

Result<void> TlsContext::reload() {
  // The old ones are freed behind the lock.
  ContextPtr accept;
  ContextPtr connect;
  if (options_.accept) {
    auto loaded = load_accept();
    if (!loaded) {
      return fail(loaded.error().message);
    }
    accept = std::move(*loaded);
  }
  if (options_.connect) {
    auto loaded = load_connect();
    if (!loaded) {
      return fail(loaded.error().message);
    }
    connect = std::move(*loaded);
  }
  check((accept != nullptr) == options_.accept, "what is to be accepted is loaded");
  check((connect != nullptr) == options_.connect.has_value(), "what is to be opened is loaded");
  MutexLock lock(mutex_);
  std::swap(accept_, accept);
  std::swap(connect_, connect);
  loaded_at_.store(std::chrono::steady_clock::now(), std::memory_order_relaxed);
  return {};
}

/// Returns a context with what both sides have in common.
Result<TlsContext::ContextPtr> TlsContext::make(const SSL_METHOD& method) const {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(&method));
  if (context == nullptr) {
    return fail(fmt::format("cannot make a TLS context: {}; is OpenSSL installed whole?", cause()));
  }
  SSL_CTX_set_min_proto_version(context.get(), version_number(options_.min_version));
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  // An idle connection gives OpenSSL's two 16 KiB buffers back.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(context.get(), refuse_pass_phrase);
  return context;
}

Result<TlsContext::ContextPtr> TlsContext::load_accept() {
  check(options_.accept, "what accepts connections is loaded if it is asked for");
  auto made = make(*TLS_server_method());
  if (!made) {
    return made;
  }
  SSL_CTX& context = **made;
  set_sessions(context);
  if (auto loaded = load_files(context); !loaded) {
    return fail(loaded.error().message);
  }
  if (auto loaded = load_authorities(context); !loaded) {
    return fail(loaded.error().message);
  }
  if (auto set = set_ciphers(context); !set) {
    return fail(set.error().message);
  }
  return made;
}

Result<TlsContext::ContextPtr> TlsContext::load_connect() const {
  check(options_.connect.has_value(), "what opens connections is loaded if it is asked for");
  auto made = make(*TLS_client_method());
  if (!made) {
    return made;
  }
  SSL_CTX& context = **made;
  const TlsConnectOptions& options = *options_.connect;
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(&context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  const int loaded =
      options.authorities.empty()
          ? SSL_CTX_set_default_verify_paths(&context)
          : SSL_CTX_load_verify_locations(&context, options.authorities.c_str(), nullptr);
  if (loaded != 1) {
    return cannot_load("authorities of servers",
                       options.authorities.empty() ? "(the system's)" : options.authorities,
                       "it must be a readable file with PEM certificates");
  }
  if (auto set = set_ciphers(context); !set) {
    return fail(set.error().message);
  }
  return made;
}

Result<void> TlsContext::load_files(SSL_CTX& context) const {
  constexpr std::string_view kReadable =
      "it must be a file that the user of -u may read (after a start by root, too)";
  if (options_.chain_cert.empty()) {
    return fail("Error loading the certificate chain: -Z needs -o ssl_chain_cert=FILE");
  }
  if (SSL_CTX_use_certificate_chain_file(&context, options_.chain_cert.c_str()) != 1) {
    return cannot_load("certificate chain", options_.chain_cert,
                       fmt::format("{}, with PEM certificates, the server's first", kReadable));
  }
  const std::string& key = options_.key.empty() ? options_.chain_cert : options_.key;
  const bool der = options_.key_format == TlsKeyFormat::der;
  if (SSL_CTX_use_PrivateKey_file(&context, key.c_str(),
                                  der ? SSL_FILETYPE_ASN1 : SSL_FILETYPE_PEM) != 1) {
    return cannot_load("key", key,
                       fmt::format("{}, with the {} private key of the certificate, without a pass "
                                   "phrase; -o ssl_key and ssl_keyformat name it",
                                   kReadable, der ? "DER" : "PEM"));
  }
  if (SSL_CTX_check_private_key(&context) != 1) {
    return cannot_load("key", key, "it must be the key of the first certificate of ssl_chain_cert");
  }
  return {};
}

Result<void> TlsContext::load_authorities(SSL_CTX& context) const {
  SSL_CTX_set_verify(&context, verify_flags(options_.verify), nullptr);
  if (options_.ca_cert.empty()) {
    return {};
  }
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(options_.ca_cert.c_str());
  if (names == nullptr ||
      SSL_CTX_load_verify_locations(&context, options_.ca_cert.c_str(), nullptr) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return cannot_load("CA certificate", options_.ca_cert,
                       "it must be a readable file with PEM certificates");
  }
  SSL_CTX_set_client_CA_list(&context, names);  // which owns them
  return {};
}

Result<void> TlsContext::set_ciphers(SSL_CTX& context) const {
  // OpenSSL has one list for TLS 1.3, whose names all begin alike, and one for what is older.
  std::string suites;
  std::string older;
  std::string_view rest = options_.ciphers;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    const std::string_view name = rest.substr(0, colon);
    std::string& list = name.starts_with("TLS_") ? suites : older;
    list += fmt::format("{}{}", list.empty() ? "" : ":", name);
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  if ((!suites.empty() && SSL_CTX_set_ciphersuites(&context, suites.c_str()) != 1) ||
      (!older.empty() && SSL_CTX_set_cipher_list(&context, older.c_str()) != 1)) {
    ERR_clear_error();
    return fail(
        fmt::format("Error setting the provided cipher(s): {}; \"openssl ciphers -v ALL\" "
                    "lists those there are",
                    options_.ciphers));
  }
  return {};
}

void TlsContext::set_sessions(SSL_CTX& context) {
  SSL_CTX_set_session_id_context(&context,
                                 reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                 static_cast<unsigned>(kSessionContext.size()));
  if (!options_.session_cache) {
    SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(&context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(&context, 0);
    return;
  }
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(&context, kMaxCachedSessions);
  SSL_CTX_set_app_data(&context, &new_sessions_);
  SSL_CTX_sess_set_new_cb(&context, count_session);
}

SslPtr TlsContext::accept(Security security) {
  debug_check(security != Security::plain, "a plain connection has no TLS");
  ERR_clear_error();
  SslPtr ssl;
  {
    MutexLock lock(mutex_);
    check(accept_ != nullptr, "connections are accepted as the options say");
    ssl.reset(SSL_new(accept_.get()));
  }
  if (ssl != nullptr) {
    if (security == Security::tls_certified) {
      SSL_set_verify(ssl.get(), verify_flags(TlsVerify::require), nullptr);
    }
    SSL_set_accept_state(ssl.get());
  }
  ERR_clear_error();
  return ssl;
}

SslPtr TlsContext::connect(const std::string& name) {
  ERR_clear_error();
  SslPtr ssl;
  {
    MutexLock lock(mutex_);
    check(connect_ != nullptr, "connections are opened as the options say");
    ssl.reset(SSL_new(connect_.get()));
  }
  if (ssl != nullptr) {
    SSL_set_connect_state(ssl.get());
    if (!name.empty() && !expect_name(*ssl, name)) {
      ssl.reset();
    }
  }
  ERR_clear_error();
  return ssl;
}

uint64_t TlsContext::seconds_since_load() const {
  using std::chrono::seconds;
  using std::chrono::steady_clock;
  const auto age = steady_clock::now() - loaded_at_.load(std::memory_order_relaxed);
  return static_cast<uint64_t>(std::chrono::duration_cast<seconds>(age).count());
}

}  // namespace ember::server::net
