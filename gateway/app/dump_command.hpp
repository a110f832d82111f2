// SPDX-License-Identifier: MIT
// `battery2mqtt dump`: asks the running gateway for its state over a socket in its state folder,
// which also works while the broker does not.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/app/command_line.hpp"
#include "gateway/io/awaitable.hpp"

namespace b2m::app {

int dump_command(const Arguments& arguments);

/// Answers every connection to <state_dir>/dump.sock (mode 0600) with what `make` returns.
class DumpServer {
 public:
  DumpServer(Executor executor, const std::string& state_dir, std::function<std::string()> make);
  ~DumpServer();
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace b2m::app
