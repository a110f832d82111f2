// SPDX-License-Identifier: MIT
// Messages a second into mosquitto through our link, beside a bare loop on Paho C++ that does the
// same publishes with the same window in the same run; and the time from send() to a subscriber.
// The bare loop has a process of its own: two clients in one share Paho's threads and wait for each
// other.
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <mqtt/async_client.h>

#include "gateway/mqtt/link.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/raw_mqtt.hpp"
#include "tests/support/broker.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;

constexpr int kRounds = 5;
constexpr std::size_t kMessages[] = {40000, 10000};  // by QoS
constexpr std::size_t kWindow = 100;
constexpr std::size_t kAcknowledged =
    20;  // what mosquitto takes before it acknowledges; Paho stalls beyond
constexpr int kLatencySamples = 500;

std::string topic_of(std::size_t i) { return fmt::format("bench/pack{:02}/cell_{:05}", i % 8, i); }
std::string payload_of(std::size_t i) { return fmt::format("{}.{:03}", 3 + i % 2, i % 1000); }

/// The last message of a round: QoS 1, so that its answer means that the broker has had them all.
constexpr const char* kEnd = "bench/end";

class BareLoop {
 public:
  explicit BareLoop(int port)
      : client_(fmt::format("tcp://127.0.0.1:{}", port), "bare",
                ::mqtt::create_options(MQTTVERSION_5)),
        listener_(*this) {
    ::mqtt::connect_options options;
    options.set_mqtt_version(MQTTVERSION_5);
    options.set_clean_start(true);
    options.set_max_inflight(static_cast<int>(kWindow));
    client_.connect(options)->wait();
  }
  ~BareLoop() { client_.disconnect()->wait(); }

  double per_second(int qos) {
    const std::size_t n = kMessages[qos];
    const std::int64_t begin = bench::now_ns();
    for (std::size_t i = 0; i < n; ++i) publish(topic_of(i), payload_of(i), qos);
    publish(kEnd, "", 1);
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return in_flight_ == 0; });
    return static_cast<double>(n) * 1e9 / static_cast<double>(bench::now_ns() - begin);
  }

 private:
  struct Listener final : ::mqtt::iaction_listener {
    explicit Listener(BareLoop& of) : owner(of) {}
    void on_success(const ::mqtt::token& /*token*/) override { owner.done(); }
    void on_failure(const ::mqtt::token& /*token*/) override { owner.done(); }
    BareLoop& owner;
  };

  void publish(std::string topic, std::string payload, int qos) {
    const std::size_t window = qos == 0 ? kWindow : kAcknowledged;
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this, window] { return in_flight_ < window; });
      ++in_flight_;
    }
    client_.publish(::mqtt::make_message(std::move(topic), std::move(payload), qos, false), nullptr,
                    listener_);
  }
  void done() {
    {
      const std::scoped_lock lock(mutex_);
      --in_flight_;
    }
    room_.notify_one();
  }

  ::mqtt::async_client client_;
  Listener listener_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::size_t in_flight_ = 0;
};

class OurLink final : public mqtt::LinkUser {
 public:
  explicit OurLink(int port) : clock_(make_clock(io_.get_executor())) {
    mqtt::LinkSettings settings;
    settings.url = fmt::format("mqtt://127.0.0.1:{}", port);
    settings.client_id = "ours";
    settings.window = kWindow;
    settings.event_queue = kMessages[1] + 1;
    link_ = mqtt::make_paho_link(io_.get_executor(), *clock_, settings);
    link_->subscribe({"bench/nothing/set"});
    link_->start(*this);
    run_until([this] { return link_->is_online(); });
  }
  ~OurLink() override {
    bool is_over = false;
    asio_stop(is_over);
    run_until([&] { return is_over; });
  }

  void on_online() override {}
  void on_offline(std::string_view reason) override {
    throw std::runtime_error(std::string(reason));
  }
  void on_message(const mqtt::Incoming& /*message*/) override {}

  /// States at QoS 0 and events at QoS 1, as the gateway sends them.
  double per_second(int qos) {
    const std::size_t n = kMessages[qos];
    const std::uint64_t before = sent();
    const std::int64_t begin = bench::now_ns();
    for (std::size_t i = 0; i < n; ++i) send(topic_of(i), payload_of(i), qos);
    send(kEnd, "", 1);
    run_until([&] { return sent() - before > n; });
    return static_cast<double>(n) * 1e9 / static_cast<double>(bench::now_ns() - begin);
  }

  void send(std::string topic, std::string payload, int qos) {
    mqtt::Outgoing m;
    m.topic = std::move(topic);
    m.payload = std::move(payload);
    m.lane = qos == 0 ? mqtt::Lane::state : mqtt::Lane::event;
    m.qos = qos;
    link_->send(std::move(m));
  }
  void settle() { io_.poll(); }

 private:
  void asio_stop(bool& is_over) {
    boost::asio::co_spawn(
        io_,
        [](mqtt::Link& link, Clock& clock, bool& over) -> Awaitable<> {
          co_await link.stop(clock.now() + 1s);
          over = true;
        }(*link_, *clock_, is_over),
        boost::asio::detached);
  }
  [[nodiscard]] std::uint64_t sent() const {
    std::uint64_t all = 0;
    for (const auto& [lane, stats] : link_->stats().lanes) all += stats.sent;
    return all;
  }
  template <class Done>
  void run_until(Done done) {
    while (!done()) io_.run_for(2ms);
  }

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<mqtt::Link> link_;
};

/// `mqtt_bench bare PORT QOS` as a child.
double bare_per_second(const std::string& program, int port, int qos) {
  FILE* const child = popen(fmt::format("{} bare {} {}", program, port, qos).c_str(), "r");
  double per_s = 0;
  const bool is_read = child && std::fscanf(child, "%lf", &per_s) == 1;
  if (child) pclose(child);
  if (!is_read) throw std::runtime_error("the bare loop has not ended well");
  return per_s;
}

void throughput(OurLink& ours, const std::string& program, int port, int qos) {
  std::vector<double> ours_per_s, bare_per_s, ratios;
  for (int round = 0; round < kRounds;
       ++round) {  // taking turns, so that both meet the same machine
    bare_per_s.push_back(bare_per_second(program, port, qos));
    ours_per_s.push_back(ours.per_second(qos));
    ratios.push_back(ours_per_s.back() / bare_per_s.back());
  }
  bench::Figures("mqtt", fmt::format("qos{}", qos))
      .count("qos", static_cast<std::uint64_t>(qos))
      .add("ours_per_s", bench::percentile(ours_per_s, 50), 0)
      .add("bare_per_s", bench::percentile(bare_per_s, 50), 0)
      .add("ratio", bench::percentile(ratios, 50))
      .count("window", kWindow)
      .count("rounds", kRounds)
      .print();
}

void latency(OurLink& ours, int port) {
  bench::RawMqtt subscriber(port, "subscriber", "latency/#");
  std::vector<double> times_ms;
  std::vector<bench::Heard> heard;
  for (int i = 0; i < kLatencySamples; ++i) {
    bench::sleep_ms(2);  // idle in between
    heard.clear();
    const std::int64_t begin = bench::now_ns();
    ours.send("latency/cell", payload_of(static_cast<std::size_t>(i)), 0);
    while (heard.empty())
      if (!subscriber.hear(heard, 1000)) return;
    times_ms.push_back(bench::to_ms(heard[0].at_ns - begin));
    ours.settle();
  }
  bench::Figures("mqtt", "latency_idle")
      .add("p50_ms", bench::percentile(times_ms, 50))
      .add("p99_ms", bench::percentile(times_ms, 99))
      .count("samples", times_ms.size())
      .print();
}

void run(const std::string& program) {
  const test::Broker broker;
  OurLink ours(broker.port());
  for (const int qos : {0, 1}) throughput(ours, program, broker.port(), qos);
  latency(ours, broker.port());
}

}  // namespace
}  // namespace b2m

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (argc == 4 && words[1] == "bare") {
    fmt::print("{}\n", b2m::BareLoop(std::stoi(words[2])).per_second(std::stoi(words[3])));
    return 0;
  }
  b2m::run(words[0]);
  return 0;
}
