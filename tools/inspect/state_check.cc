// SPDX-License-Identifier: BSD-3-Clause
#include "tools/inspect/state_check.h"

#include <sys/stat.h>

#include "base/bytes.h"
#include "storage/media/state_file.h"

namespace ember::inspect {

using storage::StateReader;
using storage::StateSeal;
using storage::SuperblockRecord;

StateCheck check_state_file(const std::string& memory_file, const Header& header, bool verify) {
  StateCheck check;
  const std::string path = memory_file + ".meta";
  struct stat status{};
  check.there = ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  if (check.there) {
    check.size = static_cast<uint64_t>(status.st_size);
  }
  if (!header.record || header.record->state != SuperblockRecord::stopped) {
    check.reason = "the memory file was not stopped gracefully";
    return check;
  }
  const auto seal = load_unaligned<StateSeal>(header.record->state_seal.data());
  if (seal == StateSeal()) {
    check.reason = "the stop left none";
    return check;
  }
  if (!check.there) {
    check.reason = "the one that the stop left is gone";
    return check;
  }
  const auto reader = StateReader::open(path,
                                        {.file_id = header.record->file_id,
                                         .stop_id = header.record->stop_id,
                                         .format_version = storage::kMediaFormat},
                                        seal);
  if (!reader) {
    check.reason = reader.error().message;
    check.damaged = true;
    return check;
  }
  check.fits = true;
  for (size_t n = 0; verify && check.fits && n < (*reader)->section_count(); ++n) {
    if (const auto verified = (*reader)->verify(n); !verified) {
      check.fits = false;
      check.damaged = true;
      check.reason = verified.error().message;
    }
  }
  return check;
}

}  // namespace ember::inspect
