// SPDX-License-Identifier: BSD-3-Clause
// Replays a corpus through a fuzz target, for builds without libFuzzer: every file of the folders
// named. A target that finds something wrong aborts.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

bool replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    return false;
  }
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  // Said before, so that the last line before an abort names its cause.
  std::printf("%s\n", path.c_str());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
  size_t count = 0;
  for (int i = 1; i < argument_count; ++i) {
    std::error_code error;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[i], error)) {
      if (entry.is_regular_file()) {
        if (!replay(entry.path())) {
          return 1;
        }
        ++count;
      }
    }
  }
  if (count == 0) {
    std::fprintf(stderr, "no corpus: give a folder with files in it\n");
    return 1;
  }
  std::printf("%zu inputs replayed\n", count);
  return 0;
}
