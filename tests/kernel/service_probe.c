// SPDX-License-Identifier: MIT
// Stands in for the gateway under packaging/systemd/battery2mqtt.service: says what it may reach,
// then behaves as /etc/battery2mqtt/mode tells it (good, hang, refuse). Speaks sd_notify itself,
// so that it needs no library in the small system that service_test.sh makes.
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void notify(const char* message) {
  const char* path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (!path || strlen(path) >= sizeof address.sun_path) return;
  strcpy(address.sun_path, path);
  if (*path == '@') address.sun_path[0] = 0;
  const socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sendto(fd, message, strlen(message), 0, (struct sockaddr*)&address, length) < 0) perror("notify");
  close(fd);
}

static void probe(const char* what, int fd) {
  fprintf(stderr, "probe %s: %s\n", what, fd < 0 ? strerror(errno) : "ok");
}

int main(void) {
  const int device = O_RDWR | O_NOCTTY | O_NONBLOCK, file = O_RDWR | O_CREAT;
  char mode[16] = "good";
  FILE* stream = fopen("/etc/battery2mqtt/mode", "r");
  if (stream && fscanf(stream, "%15s", mode) != 1) return 1;
  if (strcmp(mode, "refuse") == 0) return 78;
  probe("can", socket(AF_CAN, SOCK_RAW, 1));
  probe("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
  probe("inet", socket(AF_INET, SOCK_STREAM, 0));
  probe("packet", socket(AF_PACKET, SOCK_RAW, 0));
  probe("spidev", open("/dev/spidev0.0", device));
  probe("gpio", open("/dev/gpiochip0", device));
  probe("serial", open("/dev/ttyUSB0", device));
  probe("other device", open("/dev/vspi0.0", device));
  probe("state", open("/var/lib/battery2mqtt/database", file, 0640));
  probe("system", open("/usr/written", file, 0640));
  probe("configuration", open("/etc/battery2mqtt/written", file, 0640));
  fprintf(stderr, "probe user: %s\n", getuid() == 0 ? "root" : "own");
  notify("READY=1");
  for (;;) {
    sleep(1);
    if (strcmp(mode, "hang") != 0) notify("WATCHDOG=1");
  }
}
