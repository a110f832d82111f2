// SPDX-License-Identifier: MIT
#include "gateway/app/dump_command.hpp"

#include <filesystem>
#include <iostream>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "config/load.hpp"
#include "gateway/log.hpp"

namespace b2m::app {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;

std::string socket_path(const std::string& state_dir) { return state_dir + "/dump.sock"; }

}  // namespace

struct DumpServer::Impl : std::enable_shared_from_this<DumpServer::Impl> {
  Impl(const Executor& executor, std::string p, std::function<std::string()> m)
      : acceptor(executor), path(std::move(p)), make(std::move(m)) {}

  void open() {
    std::filesystem::remove(path);
    acceptor.open();
    const mode_t before = ::umask(0077);
    boost::system::error_code failed;
    acceptor.bind(Local::endpoint(path), failed);
    ::umask(before);
    if (!failed) acceptor.listen(4, failed);
    if (!failed) return accept();
    log::warn("dump", "no socket at {} ({}); `battery2mqtt dump` will not work", path,
              failed.message());
  }
  void accept() {
    acceptor.async_accept(
        [self = shared_from_this()](const boost::system::error_code& e, Local::socket s) {
          if (e) return;
          self->answer(std::move(s));
          self->accept();
        });
  }
  void answer(Local::socket accepted) const {
    auto socket = std::make_shared<Local::socket>(std::move(accepted));
    auto text = std::make_shared<std::string>(make());
    asio::async_write(*socket, asio::buffer(*text),
                      [socket, text](const boost::system::error_code&, std::size_t) {});
  }

  Local::acceptor acceptor;
  std::string path;
  std::function<std::string()> make;
};

DumpServer::DumpServer(Executor executor, const std::string& state_dir,
                       std::function<std::string()> make)
    : impl_(std::make_shared<Impl>(executor, socket_path(state_dir), std::move(make))) {
  try {
    impl_->open();
  } catch (const std::exception& e) {
    log::warn("dump", "{}; `battery2mqtt dump` will not work", e.what());
  }
}

DumpServer::~DumpServer() { stop(); }

void DumpServer::stop() {
  if (!impl_->acceptor.is_open()) return;
  boost::system::error_code ignored;  // it is closed either way
  impl_->acceptor.close(ignored);
  std::error_code gone;
  std::filesystem::remove(impl_->path, gone);
}

int dump_command(const Arguments& arguments) {
  const std::string file = arguments.value("-c", kDefaultConfig);
  const config::Loaded loaded = config::load(file, adapter_kinds());
  if (!loaded.config) {
    std::cerr << fmt::format("battery2mqtt dump: {} is not valid; see battery2mqtt check -c {}\n",
                             file, file);
    return kExitConfiguration;
  }
  const std::string path = socket_path(loaded.config->gateway.state_dir);
  asio::io_context io;
  Local::socket socket(io);
  boost::system::error_code failed;
  socket.connect(Local::endpoint(path), failed);
  if (failed) {
    std::cerr << fmt::format(
        "battery2mqtt dump: {}: {}; is the gateway running with this configuration, and are "
        "you its user or root?\n",
        path, failed.message());
    return kExitFailed;
  }
  std::string text;
  asio::read(socket, asio::dynamic_buffer(text), failed);
  std::cout << text << "\n";
  return failed == asio::error::eof ? kExitOk : kExitFailed;
}

}  // namespace b2m::app
