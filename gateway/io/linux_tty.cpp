// SPDX-License-Identifier: MIT
// termios2 with BOTHER takes any baud rate the driver can make.
#include "gateway/io/linux_tty.hpp"

#include <cerrno>

#include <asm/ioctls.h>
#include <asm/termbits.h>

extern "C" int ioctl(int fd, unsigned long request, ...) noexcept;

namespace b2m {

int make_tty_raw(int fd, int baud) {
  termios2 settings{};
  if (ioctl(fd, TCGETS2, &settings) != 0) return errno;
  settings.c_iflag = 0;
  settings.c_oflag = 0;
  settings.c_lflag = 0;
  settings.c_cflag = CS8 | CREAD | CLOCAL | BOTHER | BOTHER << IBSHIFT;
  settings.c_ispeed = settings.c_ospeed = static_cast<speed_t>(baud);
  // One byte at least, so that a read of 0 bytes can only mean the end.
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  if (ioctl(fd, TCSETS2, &settings) != 0) return errno;
  if (ioctl(fd, TIOCEXCL) != 0) return errno;
  ioctl(fd, TCFLSH, TCIOFLUSH);
  return 0;
}

}  // namespace b2m
