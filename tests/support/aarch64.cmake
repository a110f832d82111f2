# SPDX-License-Identifier: MIT
# cmake -DCMAKE_TOOLCHAIN_FILE=tests/support/aarch64.cmake, in a Debian 12 that has
# crossbuild-essential-arm64, qemu-user-static and the :arm64 -dev packages.
# ctest and gtest_discover_tests then run the ARM programs under QEMU.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
# cmake reads this file anew for each of its own try_compile projects, so that
# pkg-config never answers for the machine that builds.
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
