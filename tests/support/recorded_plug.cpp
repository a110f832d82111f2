// SPDX-License-Identifier: MIT
#include "tests/support/recorded_plug.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace b2m::test {
namespace {

using Json = nlohmann::json;

std::string folder(const std::string& command_set) {
  return B2M_SOURCE_DIR "/../shared/data/kasa/" + command_set;
}

}  // namespace

std::vector<std::string> kasa_recordings(const std::string& command_set) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& file : std::filesystem::directory_iterator(folder(command_set), none))
    names.push_back(file.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

Json kasa_recording(const std::string& command_set, const std::string& name) {
  std::ifstream in(folder(command_set) + "/" + name + ".json");
  auto json = Json::parse(in, nullptr, false);
  return json.is_discarded() ? Json() : json;
}

Awaitable<Result<std::string>> RecordedIotPlug::exchange(std::string request, kasa::Repeat,
                                                         SteadyTime) {
  requests.push_back(request);
  Json reply = Json::object();
  const auto asked = Json::parse(request);
  for (const auto& [module, methods] : asked.items()) {
    if (module == "context") continue;
    for (const auto& [method, arguments] : methods.items()) {
      const auto known = device_.find(module);
      if (known == device_.end())
        reply[module] = Json::parse(R"({"err_code":-1,"err_msg":"module not support"})");
      else if (known->contains("err_code"))
        reply[module] = *known;
      else
        reply[module][method] =
            known->value(method, Json::parse(R"({"err_code":-2,"err_msg":"member not support"})"));
    }
  }
  co_return reply.dump();
}

Json RecordedSmartPlug::answer_batch(const Json& of, const Json& request) {
  Json responses = Json::array();
  for (const auto& one : request["params"]["requests"]) {
    auto reply = answer(of, one);
    reply["method"] = one["method"];
    const bool is_error = reply["error_code"] != 0;
    responses.push_back(std::move(reply));
    if (is_error && stops_at_error) break;
  }
  return {{"error_code", 0}, {"result", {{"responses", std::move(responses)}}}};
}

Json RecordedSmartPlug::answer(const Json& of, const Json& request) {
  const std::string method = request["method"];
  if (method == "multipleRequest" && !can_batch) return {{"error_code", -1003}};
  if (method == "multipleRequest") return answer_batch(of, request);
  if (method == "control_child") {
    const std::string id = request["params"]["device_id"];
    auto inner = answer(device["child_devices"][id], request["params"]["requestData"]);
    return {{"error_code", 0}, {"result", {{"responseData", std::move(inner)}}}};
  }
  methods.push_back(method);
  if (method.starts_with("set_")) return {{"error_code", 0}};
  if (!of.contains(method)) return {{"error_code", -1002}};
  return {{"error_code", 0}, {"result", of[method]}};
}

Awaitable<Result<std::string>> RecordedSmartPlug::exchange(std::string request, kasa::Repeat,
                                                           SteadyTime) {
  const auto asked = Json::parse(request);
  co_return answer(device, asked).dump();
}

}  // namespace b2m::test
