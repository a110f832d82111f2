// SPDX-License-Identifier: MIT
// spidev: its ioctl blocks until the last bit is through, so it is called on a thread.
// Facts: docs/protocols/spi-cell-nodes.md, "Linux".
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/spi/spidev.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gateway/io/linux_spi_worker.hpp"
#include "gateway/io/spi_controller.hpp"
#include "gateway/io/spi_transports.hpp"
#include "gateway/log.hpp"

namespace b2m {
namespace {

constexpr std::size_t kMostTransfers = 511;  // the size field of the ioctl number has 14 bits
constexpr const char* kBufsiz = "/sys/module/spidev/parameters/bufsiz";

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string overlay_of(const std::string& device) {
  const auto name = parse_spidev(device);
  if (!name || name->controller == 0) return "dtparam=spi=on";
  return fmt::format("dtoverlay=spi{}-{}cs", name->controller, name->select + 1);
}

std::string known_devices() {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", none))
    if (entry.path().filename().string().starts_with("spidev"))
      names.push_back(entry.path().string());
  return names.empty() ? "there is no spidev at all"
                       : fmt::format("there are: {}", fmt::join(names, ", "));
}

Error open_failure(const std::string& device, int code) {
  switch (code) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
      return {Errc::not_found,
              fmt::format("no SPI device {}; {}. On a Raspberry Pi add the line \"{}\" to "
                          "/boot/firmware/config.txt (older systems: /boot/config.txt) and restart",
                          device, known_devices(), overlay_of(device))};
    case EACCES:
    case EPERM:
      return {Errc::permission, fmt::format("{}: permission denied; add the user to group spi "
                                            "(sudo usermod -aG spi USER) and start again",
                                            device)};
    case EBUSY:
    case EWOULDBLOCK:
      return {Errc::io_error, device + ": in use by another program"};
    case ENOTTY:
      return {Errc::not_supported, device + " is no SPI device"};
    default:
      return {Errc::io_error, fmt::format("cannot open {}: {}", device, std::strerror(code))};
  }
}

Error too_long(const std::string& device, std::size_t bytes) {
  std::string limit = "4096";
  std::ifstream(kBufsiz) >> limit;
  return {Errc::out_of_range,
          fmt::format("{}: a message of {} bytes is longer than spidev allows ({} bytes); add "
                      "spidev.bufsiz=65536 to the kernel's command line "
                      "(/boot/firmware/cmdline.txt) and restart",
                      device, bytes, limit)};
}

Error transfer_failure(const SpiOpening& how, std::size_t bytes, int code) {
  switch (code) {
    case EMSGSIZE:
      return too_long(how.device, bytes);
    case EINVAL:
      return {Errc::not_supported,
              fmt::format("{}: the controller refuses a transfer at {} Hz in mode {}; try another "
                          "clock_hz",
                          how.device, how.clock_hz, how.mode)};
    case ETIMEDOUT:
      return {Errc::timeout, how.device + ": the controller did not finish the transfer"};
    case ESHUTDOWN:
    case ENODEV:
    case ENXIO:
      return {Errc::disconnected, how.device + ": the SPI controller is gone"};
    default:
      return {Errc::io_error, fmt::format("{}: {}", how.device, std::strerror(code))};
  }
}

/// One transfer for all bytes, or one for each where the slave needs a pause; the select line
/// stays low between them.
std::vector<spi_ioc_transfer> transfers(const SpiOpening& how, const std::vector<std::uint8_t>& out,
                                        std::vector<std::uint8_t>& in) {
  const std::size_t piece = how.byte_gap_us > 0 ? 1 : out.size();
  std::vector<spi_ioc_transfer> list;
  for (std::size_t at = 0; at < out.size(); at += piece) {
    spi_ioc_transfer one;
    std::memset(&one, 0, sizeof one);  // fields of newer kernels too
    one.tx_buf = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(out.data() + at));
    one.rx_buf = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(in.data() + at));
    one.len = static_cast<std::uint32_t>(piece);
    one.speed_hz = static_cast<std::uint32_t>(how.clock_hz);
    one.bits_per_word = 8;
    one.delay_usecs = static_cast<std::uint16_t>(how.byte_gap_us);
    list.push_back(one);
  }
  return list;
}

SpiWorker::Reply transfer(int fd, const SpiOpening& how, const std::vector<std::uint8_t>& out) {
  std::vector<std::uint8_t> in(out.size());
  const auto list = transfers(how, out, in);
  if (list.size() > kMostTransfers) return too_long(how.device, out.size());
  const auto request = _IOC(_IOC_WRITE, SPI_IOC_MAGIC, 0,
                            static_cast<unsigned>(list.size() * sizeof(spi_ioc_transfer)));
  int done = -1;
  do {
    done = ::ioctl(fd, request, list.data());
  } while (done < 0 && errno == EINTR);
  if (done < 0) return transfer_failure(how, out.size(), errno);
  return in;
}

class SpidevBus final : public SpiBus {
 public:
  SpidevBus(Executor executor, std::shared_ptr<SpiWorker> worker, std::shared_ptr<Descriptor> fd,
            SpiOpening how)
      : executor_(std::move(executor)),
        worker_(std::move(worker)),
        fd_(std::move(fd)),
        how_(std::move(how)) {}

  Awaitable<SpiWorker::Reply> exchange(std::vector<std::uint8_t> out) override {
    if (out.empty()) co_return std::vector<std::uint8_t>();
    SpiWorker::Work work = [fd = fd_, how = how_, out = std::move(out)] {
      return transfer(fd->get(), how, out);
    };
    co_return co_await worker_->run(executor_, std::move(work));
  }

 private:
  Executor executor_;
  std::shared_ptr<SpiWorker> worker_;
  std::shared_ptr<Descriptor> fd_;
  SpiOpening how_;
};

Result<> set_up(int fd, const SpiOpening& wanted) {
  // Root may open a device twice; the lock stops a second gateway.
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return open_failure(wanted.device, errno);
  auto mode = static_cast<std::uint8_t>(wanted.mode);
  if (::ioctl(fd, SPI_IOC_WR_MODE, &mode) != 0) {
    if (errno != EINVAL) return open_failure(wanted.device, errno);
    return Error(Errc::not_supported,
                 fmt::format("{}: this controller cannot do SPI mode {}; SPI1 and SPI2 of a "
                             "Raspberry Pi can do modes 0 and 2 only",
                             wanted.device, wanted.mode));
  }
  std::uint8_t bits = 8;
  auto clock = static_cast<std::uint32_t>(wanted.clock_hz);
  if (::ioctl(fd, SPI_IOC_WR_BITS_PER_WORD, &bits) != 0)
    return Error(Errc::not_supported,
                 wanted.device + ": this controller cannot do bytes of 8 bits");
  if (::ioctl(fd, SPI_IOC_WR_MAX_SPEED_HZ, &clock) != 0)
    return Error(Errc::not_supported,
                 fmt::format("{}: this controller cannot run {} Hz", wanted.device, clock));
  return {};
}

}  // namespace

std::shared_ptr<SpiWorker> SpiWorkers::of(int controller) {
  std::shared_ptr<SpiWorker>& worker = workers_[controller];
  if (!worker) worker = std::make_shared<SpiWorker>();
  return worker;
}

Result<std::unique_ptr<SpiBus>> open_spidev(Executor executor, SpiWorkers& workers,
                                            const SpiOpening& wanted) {
  const int fd = ::open(wanted.device.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return open_failure(wanted.device, errno);
  auto owned = std::make_shared<Descriptor>(fd);
  const auto name = parse_spidev(wanted.device);
  const SpiController controller{name ? name->controller : -1};
  if (const Result<> possible = check_clock(controller, wanted); !possible) return possible.error();
  if (const Result<> ready = set_up(fd, wanted); !ready) return ready.error();
  if (const std::string warning = clock_warning(controller, wanted); !warning.empty())
    log::warn("spi", "{}", warning);
  return std::unique_ptr<SpiBus>(std::make_unique<SpidevBus>(
      std::move(executor), workers.of(controller.number), std::move(owned), wanted));
}

}  // namespace b2m
