// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/adapter.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;

constexpr SteadyDuration kOpenAgain = 1s;
constexpr SteadyDuration kRescanPatience = 60s;
constexpr double kShortestAgeS = 5;
constexpr double kMissedPolls = 3;

Module::Plan plan_of(const TeslaSettings& s, int address) {
  Module::Plan plan;
  plan.number = s.first_module + address - 1;
  plan.address = address;
  plan.sensor_range = {s.sensor_low_c, s.sensor_high_c};
  for (int i = 0; i < kSensors; ++i)
    plan.has_sensor[static_cast<std::size_t>(i)] = !s.ignores(plan.number, i + 1);
  plan.max_age_s = std::max(kShortestAgeS, kMissedPolls * s.poll_interval_s);
  if (s.limits) plan.limits = s.limits->values();
  return plan;
}

}  // namespace

TeslaAdapter::TeslaAdapter(TeslaSettings settings, Resources& resources)
    : executor_(resources.executor),
      clock_(resources.clock),
      open_serial_(resources.open_serial),
      settings_(std::move(settings)),
      ring_(executor_, clock_, std::chrono::milliseconds(settings_.reply_timeout_ms)),
      roll_call_(ring_, clock_, settings_.read_request_crc == ReadRequestCrc::automatic),
      roll_(settings_.modules),
      wanted_(executor_) {
  roll_call_.set_between([this] { return serve(true); });
  if (settings_.read_request_crc == ReadRequestCrc::always) ring_.use(RequestForm::with_crc);
  for (int a = 1; a <= settings_.modules; ++a)
    modules_.push_back(std::make_unique<Module>(plan_of(settings_, a)));
}

std::vector<Offer> TeslaAdapter::offers() const {
  std::vector<Offer> list;
  for (const auto& m : modules_) m->add_offers(list, std::string(kPart));
  return list;
}

void TeslaAdapter::bind(const Site& site, AdapterIndex self) {
  for (const auto& m : modules_)
    m->bind(site, site.target(self, std::string(kPart), m->plan().number));
}

void TeslaAdapter::attach(Memory& memory) {
  memory_ = &memory;
  recall_roll();
  for (const auto& m : modules_)
    m->limit_wishes.attach(memory, fmt::format("{}/{}", settings_.id, m->address()));
}

/// Fails once for each new reason, so that it is told; the same one again is tried each second.
Awaitable<Result<>> TeslaAdapter::run(Inbox& inbox) {
  struct Running {  // also when we are cancelled
    explicit Running(TeslaAdapter& a) : adapter(a) { adapter.is_running_ = true; }
    ~Running() {
      adapter.is_running_ = false;
      adapter.end_jobs();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    TeslaAdapter& adapter;
  };
  const Running running(*this);
  inbox_ = &inbox;
  for (;;) {
    const Result<> ended = co_await talk();
    if (ended || ended.error().code == Errc::cancelled) co_return ended;
    const std::string failure = ended.error().text();
    const bool is_news = std::exchange(last_failure_, failure) != failure;
    if (has_read_ || is_news) co_return ended;
    if (const Result<> slept = co_await clock_.sleep_for(kOpenAgain); !slept) co_return slept;
  }
}

Awaitable<Result<>> TeslaAdapter::talk() {
  using namespace boost::asio::experimental::awaitable_operators;
  has_read_ = false;
  auto opened = open_serial_(settings_.port, settings_.baud);
  if (!opened) co_return opened.error();
  std::shared_ptr<ByteStream> line = std::move(*opened);
  const auto ended = co_await (ring_.serve(std::move(line)) || converse());
  co_return ended.index() == 0 ? std::get<0>(ended) : std::get<1>(ended);
}

Awaitable<Result<>> TeslaAdapter::converse() {
  Result<> done = co_await begin();
  while (done) {
    const SteadyTime began = clock_.now();
    done = co_await cycle();
    if (done) done = co_await look_for_lost(began);
    if (done) done = co_await rest(began);
  }
  co_return done;
}

void TeslaAdapter::end_jobs() {
  for (const JobPtr& job : jobs_) {
    job->result = Error(Errc::disconnected, settings_.port + " is not open");
    job->done.ring();
  }
  jobs_.clear();
}

Awaitable<Result<std::string>> TeslaAdapter::join(JobPtr job, SteadyTime deadline) {
  if (!is_running_) co_return Error(Errc::disconnected, settings_.port + " is not open");
  job->arrived = clock_.now();
  jobs_.push_back(job);
  wanted_.ring();
  while (!job->result) {
    const Result<> done = co_await job->done.wait(clock_, deadline);
    if (done || job->result) continue;
    job->is_given_up = true;
    co_return Error(done.error().code,
                    fmt::format("the ring {} did not come to it in time", settings_.id));
  }
  co_return *job->result;
}

Awaitable<Result<>> TeslaAdapter::execute(Order order) {
  take_back(order);
  const SteadyTime deadline = order.deadline;
  auto job = std::make_shared<Job>(executor_);
  job->order = std::move(order);
  const auto done = co_await join(std::move(job), deadline);
  if (!done) co_return done.error();
  co_return Result<>();
}

Awaitable<Result<std::string>> TeslaAdapter::rescan() {
  auto job = std::make_shared<Job>(executor_);
  co_return co_await join(std::move(job), clock_.now() + kRescanPatience);
}

std::vector<Counter> TeslaAdapter::counters() const {
  const Ring::Counts& c = ring_.counts();
  return {{"requests", c.requests}, {"timeouts", c.timeouts}, {"strange_bytes", c.strange_bytes},
          {"cycles", cycles_},      {"not_ready", unready_},  {"renumberings", renumberings_}};
}

std::vector<Detail> TeslaAdapter::details() const {
  const bool has_crc = ring_.form() == RequestForm::with_crc;
  std::vector<Detail> list{
      {"ring", fmt::format("{} of {} modules, read requests of {} bytes, {}, last cycle {:.1f} ms",
                           roll_.count(Seat::present), roll_.size(), has_crc ? 4 : 3,
                           roll_.is_order_sure ? "order known" : "order not certain",
                           to_seconds(last_cycle_) * 1000)}};
  for (const auto& m : modules_)
    list.push_back({m->name(), fmt::format("{} reads, {} failed{}", m->reads(), m->errors(),
                                           is_present(*m) ? "" : ", does not answer")});
  return list;
}

}  // namespace b2m::tesla_uart
