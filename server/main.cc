// SPDX-License-Identifier: BSD-3-Clause
// ember: reads its options, becomes what they say, serves until a signal ends it.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/net/tls/tls_context.h"
#include "server/options/command_line.h"
#include "server/options/help.h"
#include "server/options/options.h"
#include "server/process/process.h"
#include "server/run.h"

namespace ember::server {
namespace {

int refuse(const std::string& message, int exit_code) {
  fmt::print(stderr, "{}\n", message);
  return exit_code;
}

int run_as_told(const std::vector<std::string>& arguments) {
  const auto options = parse_options(arguments);
  if (!options) {
    return refuse(options.error().message, options.error().exit_code);
  }
  switch (options->action) {
    case Action::print_help:
      fmt::print("{}", help_text());
      return EXIT_SUCCESS;
    case Action::print_version:
      fmt::print("{}", version_text());
      return EXIT_SUCCESS;
    case Action::print_license:
      fmt::print("{}", license_text());
      return EXIT_SUCCESS;
    case Action::serve:
      break;
  }
  if (const auto refused = refuse_root(*options, ::geteuid())) {
    return refuse(refused->message, refused->exit_code);
  }
  if (!user_exists(options->user)) {
    return refuse(fmt::format("can't find the user {} to switch to", options->user),
                  kNoUserExitCode);
  }
  // With the rights of the start: memcached's keys are often readable by root only.
  Result<std::unique_ptr<net::TlsContext>> tls;
  if (options->tls_enabled) {
    tls = net::TlsContext::open(options->tls);
    if (!tls) {
      return refuse(tls.error().message, kUsageExitCode);
    }
  }
  if (auto served = run(*options, std::move(*tls)); !served) {
    return refuse(served.error().message, kSystemExitCode);
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace ember::server

int main(int argc, char** argv) {
  return ember::server::run_as_told(std::vector<std::string>(argv + 1, argv + argc));
}
