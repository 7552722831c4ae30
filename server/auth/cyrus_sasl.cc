// SPDX-License-Identifier: BSD-3-Clause
#include "server/auth/cyrus_sasl.h"

#include <fmt/format.h>
#include <sasl/sasl.h>

#include <array>
#include <bit>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace ember::server {
namespace {

constexpr const char* kService = "memcached";
constexpr std::string_view kConfigName = "memcached.conf";

/// The folder that memcached.conf is in, by memcached's order; empty if it is in none of them.
std::string config_folder() {
  const char* const named = std::getenv("SASL_CONF_PATH");
  for (const std::filesystem::path place : {std::string(named != nullptr ? named : ""),
                                            std::string("/etc/sasl"), std::string("/etc/sasl2")}) {
    std::error_code ignored;
    if (!place.empty() && std::filesystem::is_regular_file(place / kConfigName, ignored)) {
      return place.string();
    }
    if (place.filename() == kConfigName && std::filesystem::is_regular_file(place, ignored)) {
      return place.parent_path().string();
    }
  }
  return {};
}

// ---- What the library calls. Its callbacks are C functions of its own shapes.

int take_log_line(void* context, int level, const char* message) {
  (void)context;
  // Its two highest levels trace the exchange, passwords included: those are never written.
  if (level == SASL_LOG_ERR) {
    log::warning("SASL: {}", message);
  } else if (level > SASL_LOG_NONE && level <= SASL_LOG_DEBUG) {
    log::debug("SASL: {}", message);
  }
  return SASL_OK;
}

void* make_mutex() { return new std::mutex; }
void free_mutex(void* mutex) { delete static_cast<std::mutex*>(mutex); }
int lock_mutex(void* mutex) {
  static_cast<std::mutex*>(mutex)->lock();
  return SASL_OK;
}
int unlock_mutex(void* mutex) {
  static_cast<std::mutex*>(mutex)->unlock();
  return SASL_OK;
}

/// The shape in which the library takes them all; it knows each by its number.
using Callback = int (*)();

/// The library keeps the address until its end.
const sasl_callback_t* callbacks() {
  static const std::array<sasl_callback_t, 2> table{{
      {SASL_CB_LOG, std::bit_cast<Callback>(&take_log_line), nullptr},
      {SASL_CB_LIST_END, nullptr, nullptr},
  }};
  return table.data();
}

struct ConnectionDisposer {
  void operator()(sasl_conn_t* connection) const { ::sasl_dispose(&connection); }
};
using Connection = std::unique_ptr<sasl_conn_t, ConnectionDisposer>;

Connection make_connection() {
  sasl_conn_t* connection = nullptr;
  const int status =
      ::sasl_server_new(kService, nullptr, nullptr, nullptr, nullptr, nullptr, 0, &connection);
  if (status != SASL_OK) {
    log::warning("SASL: no conversation begins: {}", ::sasl_errstring(status, nullptr, nullptr));
    return nullptr;
  }
  return Connection(connection);
}

class Conversation final : public SaslConversation {
 public:
  explicit Conversation(Connection connection) : connection_(std::move(connection)) {}

  SaslOutcome start(std::string_view mechanism, std::string_view data,
                    std::string& answer) override {
    check(connection_ != nullptr, "a conversation has a connection of the library");
    const char* out = nullptr;
    unsigned size = 0;
    // An empty message is none to the library: it then asks for one.
    const int status = ::sasl_server_start(connection_.get(), std::string(mechanism).c_str(),
                                           data.empty() ? nullptr : data.data(),
                                           static_cast<unsigned>(data.size()), &out, &size);
    return outcome_of(status, {out, size}, answer);
  }

  SaslOutcome step(std::string_view data, std::string& answer) override {
    const char* out = nullptr;
    unsigned size = 0;
    const int status = ::sasl_server_step(connection_.get(), data.data(),
                                          static_cast<unsigned>(data.size()), &out, &size);
    return outcome_of(status, {out, size}, answer);
  }

 private:
  static SaslOutcome outcome_of(int status, std::string_view out, std::string& answer) {
    if (status == SASL_CONTINUE) {
      check(out.data() != nullptr || out.empty(), "the library gives the bytes it counts");
      answer = out;
      return SaslOutcome::more;
    }
    return status == SASL_OK ? SaslOutcome::granted : SaslOutcome::refused;
  }

  Connection connection_;
};

/// The mechanisms memcached.conf allows and plugins are there for.
Result<std::string> list_mechanisms() {
  const Connection connection = make_connection();
  const char* names = nullptr;
  unsigned size = 0;
  int count = 0;
  const int status = connection == nullptr ? SASL_FAIL
                                           : ::sasl_listmech(connection.get(), nullptr, "", " ", "",
                                                             &names, &size, &count);
  if (status != SASL_OK || count == 0) {
    return fail(
        "-S: SASL has no mechanism; install its plugins (libsasl2-modules) and name some in "
        "mech_list of memcached.conf");
  }
  check(names != nullptr && size > 0, "the library names the mechanisms it counts");
  return std::string(names, size);
}

}  // namespace

Result<std::unique_ptr<CyrusSasl>> CyrusSasl::open() {
  std::string folder = config_folder();
  if (folder.empty()) {
    return fail(
        "-S: there is no memcached.conf in SASL_CONF_PATH, /etc/sasl or /etc/sasl2; write one "
        "(mech_list: plain), or name a file of user:password lines in MEMCACHED_SASL_PWDB");
  }
  ::sasl_set_mutex(&make_mutex, &lock_mutex, &unlock_mutex, &free_mutex);
  ::sasl_set_path(SASL_PATH_TYPE_CONFIG, folder.data());  // copies it
  const int status = ::sasl_server_init(callbacks(), kService);
  if (status != SASL_OK) {
    return fail(fmt::format("-S: SASL does not start: {}; look at memcached.conf in {}",
                            ::sasl_errstring(status, nullptr, nullptr), folder));
  }
  std::unique_ptr<CyrusSasl> opened(new CyrusSasl);  // its end undoes the start
  auto mechanisms = list_mechanisms();
  if (!mechanisms) {
    return fail(mechanisms.error().message);
  }
  opened->mechanisms_ = std::move(*mechanisms);
  return opened;
}

CyrusSasl::~CyrusSasl() { ::sasl_server_done(); }

std::unique_ptr<SaslConversation> CyrusSasl::begin() {
  Connection connection = make_connection();
  return connection == nullptr ? nullptr : std::make_unique<Conversation>(std::move(connection));
}

}  // namespace ember::server
