// SPDX-License-Identifier: BSD-3-Clause
// Options: what ember-inspect was asked for on its command line.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"

namespace ember::inspect {

struct Options {
  std::string path;
  bool help = false;
  bool json = false;
  bool pages = false;
  bool verify = false;
  uint64_t items = 0;  // how many to list at most

  /// Whether more than the headers of the file and its pages has to be read.
  bool reads_chunks() const { return pages || verify || items != 0; }
};

Result<Options> parse_options(std::span<char* const> arguments);

std::string help_text();

}  // namespace ember::inspect
