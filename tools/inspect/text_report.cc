// SPDX-License-Identifier: BSD-3-Clause
#include "tools/inspect/text_report.h"

#include <fmt/format.h>

#include <iterator>

#include "base/bytes.h"
#include "base/check.h"

namespace ember::inspect {
namespace {

using Out = std::back_insert_iterator<std::string>;

template <typename... Args>
void line(std::string& text, std::string_view name, fmt::format_string<Args...> format,
          Args&&... args) {
  fmt::format_to(Out(text), "{:<16} ", name);
  fmt::format_to(Out(text), format, std::forward<Args>(args)...);
  text += '\n';
}

std::string user_text(const Findings& findings) {
  if (!findings.user) {
    return "nobody";
  }
  return *findings.user > 0 ? fmt::format("process {}", *findings.user)
                            : "a process of another container";
}

std::string time_left(const storage::Item& item, UnixSeconds now) {
  const UnixSeconds exptime = item.exptime();
  if (exptime == 0) {
    return "never";
  }
  return exptime > now ? fmt::format("{} s", exptime - now) : "expired";
}

void add_record(std::string& text, const Findings& findings) {
  check(findings.header.record.has_value(), "a record is reported that was found");
  const storage::SuperblockRecord& record = *findings.header.record;
  line(text, "format", "{}", record.format);
  line(text, "file id", "{:016x}", record.file_id);
  line(text, "arena", "{} MiB in pages of {} KiB", record.arena_size / kMiB,
       record.page_size / kKiB);
  line(text, "left", "{}, on {}, {}{}", state_of(record), media_of(record),
       findings.header.of_this_boot ? "since the host started" : "before the host was restarted",
       record.synced != 0 ? ", written to its device" : "");
  line(text, "written", "{}", time_text(record.written));
  line(text, "last seen", "{}", time_text(findings.header.noted));
  line(text, "runs", "{}", record.run);
  line(text, "CAS", "{} {}", record.state == storage::SuperblockRecord::stopped ? "last" : "below",
       record.cas);
  line(text, "flushed", "up to {}{}", record.flush_horizon,
       record.flush_due != 0 ? "; all at " + time_text(record.flush_due) : "");
}

void add_pages(std::string& text, const ScanResult& scan) {
  check(scan.free_pages + scan.damaged_pages <= scan.pages, "a page is counted once");
  line(text, "pages", "{}: 1 of the superblock, {} free, {} damaged", scan.pages, scan.free_pages,
       scan.damaged_pages);
  if (scan.chunks_read) {
    line(text, "items", "{}: {} of them expired, {} flushed; {} damaged beside them", scan.items,
         scan.expired, scan.flushed, scan.damaged);
  }
}

void add_classes(std::string& text, const ScanResult& scan) {
  fmt::format_to(Out(text), "\n{:>10} {:>8} {:>10} {:>10} {:>8} {:>8} {:>10} {:>6}\n", "chunk size",
                 "pages", "chunks", "items", "parts", "damaged", "free", "filled");
  for (const auto& [chunk_size, row] : scan.classes) {
    const uint64_t used = row.items + row.parts + row.damaged;
    const double room = static_cast<double>(row.chunks) * chunk_size;
    fmt::format_to(Out(text), "{:>10} {:>8} {:>10} {:>10} {:>8} {:>8} {:>10} {:>5.1f}%\n",
                   chunk_size, row.pages, row.chunks, row.items, row.parts, row.damaged,
                   row.chunks > used ? row.chunks - used : 0,
                   room > 0 ? 100 * static_cast<double>(row.item_bytes) / room : 0.0);
  }
}

}  // namespace

std::string item_line(const storage::Item& item, uint64_t offset, UnixSeconds now) {
  return fmt::format("item {} value {} flags {} cas {} expires {}{}{}{} at {}\n",
                     key_text(item.key()), item.value_size(), item.client_flags(), item.cas(),
                     time_left(item, now), item.stale() ? " stale" : "", item.won() ? " won" : "",
                     item.chained() ? " chained" : "", offset);
}

std::string text_report(const Findings& findings, bool with_pages) {
  std::string text;
  const Header& header = findings.header;
  line(text, "file", "{}, {} bytes, {}", findings.path, findings.file_size,
       findings.dax ? "persistent memory" : "page cache");
  line(text, "in use by", "{}", user_text(findings));
  line(text, "superblock", "first copy {}, second copy {}", name_of(header.copies[0]),
       name_of(header.copies[1]));
  if (header.record) {
    add_record(text, findings);
  }
  if (findings.state.there) {
    line(text, "state file", "{} bytes, {}", findings.state.size,
         findings.state.fits ? "of this stop" : findings.state.reason);
  } else {
    line(text, "state file", "none");
  }
  line(text, "next start", "{}", findings.next_start());
  if (header.readable) {
    add_pages(text, findings.scan);
    if (with_pages) {
      add_classes(text, findings.scan);
    }
  }
  const auto problems = findings.problems();
  if (!problems.empty()) {
    text += '\n';
  }
  for (const std::string& problem : problems) {
    line(text, "problem", "{}", problem);
  }
  if (findings.problem_count() > problems.size()) {
    line(text, "problem", "and {} more", findings.problem_count() - problems.size());
  }
  return text;
}

}  // namespace ember::inspect
