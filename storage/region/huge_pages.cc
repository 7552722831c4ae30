// SPDX-License-Identifier: BSD-3-Clause
#include "storage/region/huge_pages.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "base/check.h"
#include "base/fd.h"

namespace ember::storage {

std::string_view name_of(PageKind kind) {
  switch (kind) {
    case PageKind::transparent:
      return "transparent";
    case PageKind::huge:
      return "hugetlb";
    case PageKind::usual:
      break;
  }
  return "usual";
}

bool ask_for_huge_pages(std::span<std::byte> bytes, const std::string& setting) {
  check(reinterpret_cast<uintptr_t>(bytes.data()) % 4096 == 0, "huge pages replace whole pages");
  const Fd file(::open(fmt::format("/sys/kernel/mm/transparent_hugepage/{}", setting).c_str(),
                       O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text{};
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : 0;
  const std::string_view choices(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  // madvise() is content even where the system was told never to use them.
  const bool allowed = !choices.empty() && choices.find("[never]") == std::string_view::npos &&
                       choices.find("[deny]") == std::string_view::npos;
  return ::madvise(bytes.data(), bytes.size(), MADV_HUGEPAGE) == 0 && allowed;
}

}  // namespace ember::storage
