// SPDX-License-Identifier: MIT
// The other end of /dev/spidev0.0 inside vmrun: answers every transfer with the complement of what
// it got. A test runs this loop in a thread and puts its chip's behaviour in the middle.
// g++ -std=c++20 -O1 -o spi_peer spi_peer.cpp
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

struct Head {  // struct vspi_head in modules/vspi.c, numbers in host order
  std::uint32_t seq, len, speed_hz, mode;
  std::uint8_t bits_per_word, first, last, cs_change;
  std::uint32_t delay_us;
};
constexpr std::size_t kMaxTransfer = 65536;

int main(int argc, char** argv) {
  const int fd = open(argc > 1 ? argv[1] : "/dev/vspi0.0", O_RDWR | O_CLOEXEC);
  if (fd < 0) return std::perror("vspi"), 1;
  std::vector<std::uint8_t> buffer(sizeof(Head) + kMaxTransfer);
  for (;;) {
    if (read(fd, buffer.data(), buffer.size()) < 0) return std::perror("read"), 1;
    Head head;
    std::memcpy(&head, buffer.data(), sizeof head);
    std::uint8_t* data = buffer.data() + sizeof head;
    for (std::uint32_t i = 0; i < head.len; i++) data[i] ^= 0xff;
    if (write(fd, data, head.len) < 0) std::perror("write");  // EPIPE: too late
  }
}
