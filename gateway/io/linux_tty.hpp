// SPDX-License-Identifier: MIT
// Settings of a tty, apart from Asio: the kernel's termios2 clashes with <termios.h>.
#pragma once

namespace b2m {

/// Raw bytes, 8N1, no flow control, any baud rate, for one opener only; 0 or an errno.
int make_tty_raw(int fd, int baud);

}  // namespace b2m
