// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/wire.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "discovery/text.hpp"

namespace b2m::app::simulation_wire {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestName = 120;
constexpr std::size_t kLongestText = 4096;
constexpr std::size_t kLongestHead = 256 * 1024;
constexpr std::size_t kMostSigns = 4096;
constexpr std::size_t kMostThreads = 4096;
constexpr int kMostParts = 4096;
constexpr double kLongest_s = 86400;
constexpr int kDeepest = 4;

Error malformed(std::string_view what) {
  return {Errc::malformed, fmt::format("a message of a simulation worker: {}", what)};
}

/// Text of a user may be cut within a character; that must not cost the answer.
std::string dump(const Json& head) {
  return head.dump(-1, ' ', false, Json::error_handler_t::replace);
}

struct Framed {
  Json head;
  std::string_view bytes;
};

Result<Framed> open(std::string_view payload) {
  const std::size_t line = std::min(payload.find('\n'), payload.size());
  const std::string_view text = payload.substr(0, line);
  if (text.size() > kLongestHead) return malformed("its first line is too long");
  if (discovery::nests_deeper(text, kDeepest)) return malformed("the JSON is nested too deep");
  Framed framed{Json::parse(text, nullptr, false),
                payload.substr(std::min(line + 1, payload.size()))};
  if (!framed.head.is_object()) return malformed("no JSON object");
  if (framed.head.value("wire", Json()) != kVersion)
    return malformed(fmt::format("not of version {}", kVersion));
  return framed;
}

/// Reads the members of an object and remembers the first that is missing or wrong.
class Members {
 public:
  explicit Members(const Json& object) : object_(object) {}

  std::string text(const char* key, std::size_t longest = kLongestText) {
    const Json* at = find(key);
    if (!at || !at->is_string()) return wrong<std::string>(key);
    const auto& value = at->get_ref<const std::string&>();
    return value.size() <= longest ? value : wrong<std::string>(key);
  }
  std::string name(const char* key) {
    std::string value = text(key, kLongestName);
    return is_name(value) ? value : wrong<std::string>(key);
  }
  double number(const char* key, double least, double most) {
    const Json* at = find(key);
    if (!at || !at->is_number()) return wrong<double>(key);
    const auto value = at->get<double>();
    return value >= least && value <= most ? value : wrong<double>(key);
  }
  template <class Integer>
  Integer integer(const char* key, Integer least, Integer most) {
    const Json* at = find(key);
    if (!at || !at->is_number_unsigned()) return wrong<Integer>(key);
    const auto value = at->get<std::uint64_t>();
    const bool is_in =
        value >= static_cast<std::uint64_t>(least) && value <= static_cast<std::uint64_t>(most);
    return is_in ? static_cast<Integer>(value) : wrong<Integer>(key);
  }
  Ticket ticket() {
    Ticket t;
    t.token = name("token");
    t.id = text("id");
    return t;
  }
  [[nodiscard]] const char* first_wrong() const { return wrong_; }

 private:
  const Json* find(const char* key) const {
    const auto at = object_.find(key);
    return at == object_.end() ? nullptr : &*at;
  }
  template <class T>
  T wrong(const char* key) {
    if (!wrong_) wrong_ = key;
    return {};
  }

  const Json& object_;
  const char* wrong_ = nullptr;
};

template <class T>
Result<T> checked(const Members& members, T value) {
  if (members.first_wrong())
    return malformed(fmt::format("\"{}\" is missing or wrong", members.first_wrong()));
  return value;
}

void put(Json& head, const Ticket& ticket) {
  head["token"] = ticket.token;
  head["id"] = ticket.id;
}

std::string encode_body(Json& head, const Signs& signs) {
  Json& list = head["signs"] = Json::array();
  for (const Signs::Sign& s : signs.signs) {
    Json one{{"token", s.token}};
    if (s.is_running) one["part"] = std::isfinite(s.part) ? std::clamp(s.part, 0.0, 1.0) : 0.0;
    list.push_back(std::move(one));
  }
  return {};
}

std::string encode_body(Json& head, const Returned& returned) {
  put(head, returned.ticket);
  head["returned"] = returned.why;
  return {};
}

std::string encode_body(Json& head, const ResultPart& part) {
  put(head, part.ticket);
  head["part"] = part.part;
  head["parts"] = part.parts;
  head["size"] = part.size;
  head["check"] = part.check;
  return "\n" + part.bytes;
}

Result<Signs> parse_signs(const Json& list) {
  if (!list.is_array() || list.size() > kMostSigns)
    return malformed("\"signs\" must be a list of moderate length");
  Signs signs;
  for (const Json& one : list) {
    if (!one.is_object()) return malformed("\"signs\" must hold objects");
    Members m(one);
    Signs::Sign sign;
    sign.token = m.name("token");
    sign.is_running = one.contains("part");
    if (sign.is_running) sign.part = m.number("part", 0, 1);
    auto fine = checked(m, std::move(sign));
    if (!fine) return fine.error();
    signs.signs.push_back(std::move(*fine));
  }
  return signs;
}

Result<Returned> parse_returned(Members m) {
  Returned returned;
  returned.ticket = m.ticket();
  returned.why = m.text("returned");
  return checked(m, std::move(returned));
}

Result<ResultPart> parse_part(Members m, std::string_view bytes) {
  ResultPart part;
  part.ticket = m.ticket();
  part.part = m.integer("part", 1, kMostParts);
  part.parts = m.integer("parts", 1, kMostParts);
  part.size = m.integer<std::size_t>("size", 1, kMostParts * kPartBytes);
  part.check = m.integer<std::uint64_t>("check", 0, std::numeric_limits<std::uint64_t>::max());
  if (part.part > part.parts) return malformed("\"part\" is beyond \"parts\"");
  if (bytes.size() > part.size) return malformed("a part is longer than the whole");
  part.bytes = bytes;
  return checked(m, std::move(part));
}

template <class T>
Result<Answer> answer_of(std::string worker, Result<T> said) {
  if (!said) return said.error();
  return Answer{std::move(worker), std::move(*said)};
}

std::string in_base(std::string_view base, std::string_view rest) {
  return fmt::format("{}/simulation/{}", base, rest);
}

}  // namespace

bool is_name(std::string_view text) {
  const auto is_fine = [](unsigned char c) { return c > ' ' && c != 0x7F; };
  return !text.empty() && text.size() <= kLongestName && std::ranges::all_of(text, is_fine) &&
         text.find_first_of("+#/\"\\") == std::string_view::npos && text.front() != '$';
}

std::string jobs_topic(std::string_view base, std::string_view group) {
  return in_base(base, fmt::format("jobs/{}/v{}", group, kVersion));
}

std::string jobs_filter(std::string_view base, std::string_view group) {
  return fmt::format("$share/{}/{}", group, jobs_topic(base, group));
}

std::string cancel_topic(std::string_view base, std::string_view group) {
  return in_base(base, fmt::format("cancel/{}/v{}", group, kVersion));
}

std::string worker_topic(std::string_view base, std::string_view worker) {
  return in_base(base, fmt::format("workers/{}", worker));
}

std::string worker_of(std::string_view base, std::string_view topic) {
  const std::string prefix = worker_topic(base, "");
  if (!topic.starts_with(prefix) || !is_name(topic.substr(prefix.size()))) return {};
  return std::string(topic.substr(prefix.size()));
}

std::string results_topic(std::string_view base, std::string_view gateway) {
  return in_base(base, fmt::format("results/{}/v{}", gateway, kVersion));
}

std::string encode(const Order& order) {
  Json head{{"wire", kVersion},
            {"gateway", order.gateway},
            {"time_limit_s", order.time_limit_s},
            {"sign_every_s", order.sign_every_s}};
  put(head, order.ticket);
  return dump(head) + "\n" + order.request;
}

std::string encode(const Cancel& cancel) {
  return dump({{"wire", kVersion}, {"gateway", cancel.gateway}, {"token", cancel.token}});
}

std::string encode(const Presence& presence) {
  return dump({{"wire", presence.wire},
               {"version", presence.version},
               {"group", presence.group},
               {"threads", presence.threads},
               {"takes", presence.takes}});
}

std::string encode(const Answer& answer) {
  Json head{{"wire", kVersion}, {"worker", answer.worker}};
  std::string body =
      std::visit([&](const auto& said) { return encode_body(head, said); }, answer.said);
  return dump(head) + body;
}

Result<Order> parse_order(std::string_view payload) {
  if (payload.size() > kMostMessageBytes) return malformed("too long");
  const auto framed = open(payload);
  if (!framed) return framed.error();
  Members m(framed->head);
  Order order;
  order.ticket = m.ticket();
  order.gateway = m.name("gateway");
  order.time_limit_s = m.number("time_limit_s", 0, kLongest_s);
  order.sign_every_s = m.number("sign_every_s", 0.05, kLongest_s);
  if (framed->bytes.empty()) return malformed("an order without a request");
  order.request = framed->bytes;
  return checked(m, std::move(order));
}

Result<Cancel> parse_cancel(std::string_view payload) {
  const auto framed = open(payload);
  if (!framed) return framed.error();
  Members m(framed->head);
  Cancel cancel;
  cancel.gateway = m.name("gateway");
  cancel.token = m.name("token");
  return checked(m, std::move(cancel));
}

/// Of any version: the log names those that speak another one.
Result<Presence> parse_presence(std::string_view payload) {
  if (payload.size() > kLongestHead || discovery::nests_deeper(payload, kDeepest))
    return malformed("too long or nested too deep");
  const Json head = Json::parse(payload, nullptr, false);
  if (!head.is_object()) return malformed("no JSON object");
  Members m(head);
  Presence presence;
  presence.wire = m.integer("wire", 1, 1'000'000);
  if (presence.wire != kVersion) return checked(m, std::move(presence));
  presence.version = m.text("version", kLongestName);
  presence.group = m.name("group");
  presence.threads = m.integer<std::size_t>("threads", 1, kMostThreads);
  presence.takes = m.integer<std::size_t>("takes", 1, 4 * kMostThreads);
  return checked(m, std::move(presence));
}

Result<Answer> parse_answer(std::string_view payload) {
  const auto framed = open(payload);
  if (!framed) return framed.error();
  Members m(framed->head);
  auto worker = checked(m, m.name("worker"));
  if (const char* wrong = m.first_wrong())
    return malformed(fmt::format("\"{}\" is missing", wrong));
  if (framed->head.contains("signs"))
    return answer_of(std::move(*worker), parse_signs(framed->head["signs"]));
  if (framed->head.contains("returned"))
    return answer_of(std::move(*worker), parse_returned(Members(framed->head)));
  return answer_of(std::move(*worker), parse_part(Members(framed->head), framed->bytes));
}

}  // namespace b2m::app::simulation_wire
