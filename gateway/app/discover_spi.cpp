// SPDX-License-Identifier: MIT
#include "gateway/app/discover_spi.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "adapters/spi_nodes/node.hpp"

namespace b2m::app {
namespace {

namespace fs = std::filesystem;
using spi_nodes::Node;
using spi_nodes::Protocol;
using spi_nodes::ProtocolChoice;

std::vector<std::string> lines_to_ask(const Arguments& arguments) {
  if (arguments.has("--device")) return {arguments.value("--device")};
  std::vector<std::string> lines;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/dev", none))
    if (entry.path().filename().string().starts_with("spidev")) lines.push_back(entry.path());
  std::ranges::sort(lines);
  return lines;
}

Node::Plan plan(int address) {
  Node::Plan plan;
  plan.address = address;
  plan.is_shared = address > 0;
  plan.choice = address > 0 ? ProtocolChoice::v2 : ProtocolChoice::automatic;
  return plan;
}

Awaitable<void> look(OpenSpi open, Clock& clock, std::string device,
                     std::vector<FoundNodes>& lines) {
  std::cerr << fmt::format("asking {}\n", device);
  SpiOpening opening;
  opening.device = std::move(device);
  auto found = co_await look_at_line(std::move(open), clock, std::move(opening));
  if (!found) {
    std::cerr << fmt::format("  {}\n", found.error().text());
  } else if (found->nodes.empty()) {
    std::cerr << "  nobody answers\n";
  } else {
    lines.push_back(std::move(*found));
  }
}

}  // namespace

Awaitable<Result<FoundNodes>> look_at_line(OpenSpi open, Clock& clock, SpiOpening opening) {
  FoundNodes found;
  found.device = opening.device;
  std::vector<std::unique_ptr<Node>> nodes;  // an answer may come while the next one is asked
  spi_nodes::Line line(open, clock, std::move(opening), {});
  // One address after the other; whoever is selected, which may be several, only if nobody has one.
  for (int a = spi_nodes::kFirstAddress; a <= spi_nodes::kLastAddress + 1; ++a) {
    const int address = a > spi_nodes::kLastAddress ? 0 : a;
    if (address == 0 && !found.nodes.empty()) break;
    Node& node = *nodes.emplace_back(std::make_unique<Node>(plan(address), line));
    const Result<> done = co_await node.detect();
    if (!done) co_return done.error();
    if (line.is_broken()) co_return line.last_error();
    if (node.protocol() == Protocol::unknown) continue;
    found.nodes.push_back({address, node.protocol() == Protocol::legacy, node.text()});
  }
  co_return found;
}

std::string node_tables(const std::vector<FoundNodes>& lines) {
  std::string text =
      fmt::format("[[spi_nodes]]\nid = \"nodes\"\ndevice = \"{}\"\n\n", lines.front().device);
  int cell = 0;
  for (const FoundNodes& line : lines) {
    for (const FoundNodes::Node& node : line.nodes) {
      text += fmt::format("  # {}: {}\n  [[spi_nodes.node]]\n  cell = {}  # as wired\n",
                          line.device, node.text, ++cell);
      if (&line != &lines.front()) text += fmt::format("  device = \"{}\"\n", line.device);
      if (node.address > 0) text += fmt::format("  address = {}\n", node.address);
      if (node.is_legacy) text += "  protocol = \"legacy\"\n";
      text += "\n";
    }
  }
  return text +
         "[[pack]]\nid = \"cells\"\nchemistry = \"?\"  # lead_12v, lifepo4, lto, nca_tesla or nmc\n"
         "source = \"nodes\"\n\n";
}

std::size_t discover_spi(const Arguments& arguments) {
  const std::vector<std::string> devices = lines_to_ask(arguments);
  std::cerr << "looking for cell nodes on SPI, at 8 kHz\n";
  if (devices.empty())
    std::cerr << "there is no /dev/spidev*; add dtparam=spi=on to config.txt and restart\n";
  boost::asio::io_context io(1);
  const auto clock = make_clock(io.get_executor());
  const OpenSpi open = make_spi_opener(io.get_executor(), *clock);
  std::vector<FoundNodes> lines;
  for (const std::string& device : devices) {
    boost::asio::co_spawn(io, look(open, *clock, device, lines), boost::asio::detached);
    io.run();
    io.restart();
  }
  std::size_t count = 0;
  for (const FoundNodes& line : lines) count += line.nodes.size();
  if (count > 0)
    std::cout << node_tables(lines);
  else if (!devices.empty())
    std::cerr << "none found; wiring and couplers: adapters/spi_nodes/README.md\n";
  return count;
}

}  // namespace b2m::app
