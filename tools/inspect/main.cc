// SPDX-License-Identifier: BSD-3-Clause
// ember-inspect: looks into a memory file, also while ember has it. docs/ember-inspect.1.
#include <csignal>
#include <cstdio>
#include <string>

#include "base/clock.h"
#include "tools/inspect/findings.h"
#include "tools/inspect/json_report.h"
#include "tools/inspect/options.h"
#include "tools/inspect/text_report.h"

namespace ember::inspect {
namespace {

constexpr int kSound = 0;
constexpr int kProblems = 1;
constexpr int kUnreadable = 2;

void put(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

/// Prints items as they are found.
class ItemPrinter {
 public:
  ItemPrinter(const Options& options, UnixSeconds now) : options_(options), now_(now) {}

  void operator()(const storage::Item& item, uint64_t offset) {
    if (printed_ < options_.items) {
      put(options_.json ? item_json(item, offset, printed_ == 0) : item_line(item, offset, now_));
      ++printed_;
    }
  }

 private:
  const Options& options_;
  UnixSeconds now_;
  uint64_t printed_ = 0;
};

Result<Findings> inspect(const Options& options) {
  auto file = MemoryFile::open(options.path);
  if (!file) {
    return std::unexpected(file.error());
  }
  const Clock clock;
  Findings findings{.path = options.path,
                    .file_size = (*file)->size(),
                    .dax = (*file)->dax(),
                    .user = (*file)->user(),
                    .now = clock.now()};
  auto header = read_header(**file, findings.now);
  if (!header) {
    return std::unexpected(header.error());
  }
  findings.header = std::move(*header);
  if (options.json) {
    put(open_json(options.items != 0));
  }
  findings.state = check_state_file(options.path, findings.header, options.verify);
  if (findings.header.readable) {
    PageScan scan(**file, findings.header, findings.now);
    auto result =
        options.reads_chunks() ? scan.look(ItemPrinter(options, findings.now)) : scan.survey();
    if (!result) {
      return std::unexpected(result.error());
    }
    findings.scan = std::move(*result);
  }
  return findings;
}

int run(std::span<char* const> arguments) {
  const auto options = parse_options(arguments);
  if (!options) {
    std::fprintf(stderr, "ember-inspect: %s\n", options.error().message.c_str());
    return kUnreadable;
  }
  if (options->help) {
    put(help_text());
    return kSound;
  }
  const auto findings = inspect(*options);
  if (!findings) {
    std::fflush(stdout);
    std::fprintf(stderr, "ember-inspect: %s\n", findings.error().message.c_str());
    return kUnreadable;
  }
  put(options->json ? close_json(*findings, options->items != 0)
                    : text_report(*findings, options->pages || options->verify));
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::fputs("ember-inspect: cannot write all of the output; is there room?\n", stderr);
    return kUnreadable;
  }
  return findings->problem_count() == 0 ? kSound : kProblems;
}

}  // namespace
}  // namespace ember::inspect

int main(int argc, char** argv) {
  // What is cut off by `head` ends quietly.
  std::signal(SIGPIPE, SIG_DFL);
  return ember::inspect::run({argv + 1, static_cast<size_t>(argc > 0 ? argc - 1 : 0)});
}
