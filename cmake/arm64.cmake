# SPDX-License-Identifier: BSD-3-Clause
# The toolchain of ./tools/check --arm64: Debian's cross compiler, arm64's libraries unpacked in
# build/arm64-root, programs run by qemu.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
get_filename_component(ember_arm64_root ${CMAKE_CURRENT_LIST_DIR}/../build/arm64-root ABSOLUTE)
set(CMAKE_SYSROOT ${ember_arm64_root})
set(CMAKE_FIND_ROOT_PATH ${ember_arm64_root})
# CMake does not see that a folder that is a root has Debian's multi-arch folders.
set(CMAKE_PREFIX_PATH /usr/lib/aarch64-linux-gnu/cmake)
set(CMAKE_LIBRARY_PATH /usr/lib/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64;-L;${ember_arm64_root})
set(ENV{PKG_CONFIG_LIBDIR}
  ${ember_arm64_root}/usr/lib/aarch64-linux-gnu/pkgconfig:${ember_arm64_root}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${ember_arm64_root})
