// SPDX-License-Identifier: MIT
#include "gateway/app/rescan.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace b2m::app {
namespace {

using Json = nlohmann::ordered_json;

/// One request on its way through the adapters that it asks.
struct Pending {
  std::function<void(Answer)> done;
  bool is_named = false;  // one adapter only: that it cannot is an answer
  std::size_t missing = 0;
  Json found = Json::object();
  std::vector<std::string> errors;
};

void finish(const Pending& pending) {
  Answer answer;
  answer.data = pending.found.dump(-1, ' ', false, Json::error_handler_t::replace);
  answer.error = fmt::format("{}", fmt::join(pending.errors, "; "));
  if (pending.found.empty() && pending.errors.empty())
    answer.error = "none of the adapters of this configuration has hardware to enumerate";
  pending.done(std::move(answer));
}

void take(Pending& pending, const std::string& id, const Result<std::string>& result) {
  if (result) {
    pending.found[id] = *result;
  } else if (pending.is_named || result.error().code != Errc::not_supported) {
    pending.errors.push_back(fmt::format("{}: {}", id, result.error().text()));
  }
  if (--pending.missing == 0) finish(pending);
}

/// Empty text: all of them. Nothing: not understood.
std::optional<std::string> adapter_of(const std::string& payload) {
  if (payload.empty()) return std::string();
  const Json json = Json::parse(payload, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto at = json.find("adapter");
  if (at == json.end()) return std::string();
  if (!at->is_string() || at->get<std::string>().empty()) return std::nullopt;
  return at->get<std::string>();
}

}  // namespace

Answer rescan(Supervisor& supervisor, const std::string& payload) {
  const auto wanted = adapter_of(payload);
  if (!wanted) return {"null", R"(expected {} or {"adapter":"ring1"})"};
  std::vector<AdapterIndex> asked;
  for (AdapterIndex i = 0; i < supervisor.size(); ++i)
    if (wanted->empty() || supervisor.health(i).id == *wanted) asked.push_back(i);
  if (asked.empty())
    return {"null", wanted->empty() ? "this configuration has no adapters"
                                    : fmt::format("there is no adapter \"{}\"", *wanted)};
  Answer answer;
  answer.later = [&supervisor, asked, is_named = !wanted->empty()](auto done) {
    const auto pending = std::make_shared<Pending>();
    pending->done = std::move(done);
    pending->is_named = is_named;
    pending->missing = asked.size();
    for (const AdapterIndex i : asked)
      supervisor.rescan(i, [pending, id = supervisor.health(i).id](const Result<std::string>& r) {
        take(*pending, id, r);
      });
  };
  return answer;
}

}  // namespace b2m::app
