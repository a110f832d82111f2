// SPDX-License-Identifier: MIT
#include "gateway/mqtt/paho_options.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

namespace b2m::mqtt {
namespace {

constexpr int kConnectTimeout_s = 5;
constexpr std::uint32_t kWillDelay_s = 5;
constexpr std::uint16_t kReceiveMaximum = 100;
constexpr const char* kSystemCertificates = "/etc/ssl/certs/ca-certificates.crt";

struct Url {
  bool is_tls = false;
  std::string authority;  // "host:port"
};

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failed == std::errc() && end == text.data() + text.size() && port > 0 && port <= 0xFFFF;
}

Result<Url> split(const std::string& url) {
  const std::size_t at = url.find("://");
  const std::string scheme = at == std::string::npos ? "" : url.substr(0, at);
  if (url.find('@') != std::string::npos)  // not shown: there is a password in it
    return Error(Errc::malformed,
                 "url holds a user name; use the keys username and password instead");
  if (scheme != "mqtt" && scheme != "mqtts")
    return Error(Errc::malformed,
                 fmt::format("url = \"{}\": expected mqtt://HOST:PORT, or mqtts:// for TLS", url));
  Url result{scheme == "mqtts", url.substr(at + 3)};
  while (result.authority.ends_with('/')) result.authority.pop_back();
  if (result.authority.empty() || result.authority.find('/') != std::string::npos)
    return Error(
        Errc::malformed,
        fmt::format("url = \"{}\": expected HOST or HOST:PORT and nothing behind it", url));
  const std::size_t bracket = result.authority.rfind(']');
  const std::size_t colon = result.authority.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon == std::string::npos) {
    result.authority += result.is_tls ? ":8883" : ":1883";
  } else if (!is_port(std::string_view(result.authority).substr(colon + 1))) {
    return Error(Errc::out_of_range,
                 fmt::format("url = \"{}\": expected a port from 1 to 65535", url));
  }
  return result;
}

::mqtt::ssl_options ssl_options(const LinkSettings& s) {
  ::mqtt::ssl_options ssl;
  ssl.set_trust_store(s.ca_file.empty() ? kSystemCertificates : s.ca_file);
  if (!s.cert_file.empty()) ssl.set_key_store(s.cert_file);
  if (!s.key_file.empty()) ssl.set_private_key(s.key_file);
  ssl.set_ssl_version(MQTT_SSL_VERSION_DEFAULT);
  ssl.set_enable_server_cert_auth(true);
  ssl.set_verify(s.verify_hostname);
  return ssl;
}

::mqtt::will_options will(const LinkSettings& s, int protocol) {
  ::mqtt::will_options w(s.will_topic, s.offline, 1, true);
  if (protocol == 5) {
    ::mqtt::properties p;
    p.add({::mqtt::property::WILL_DELAY_INTERVAL, kWillDelay_s});
    w.set_properties(std::move(p));
  }
  return w;
}

std::string_view login_refusal(int reason) {
  switch (reason) {
    case 2:
    case 0x85:
      return "the broker refuses the client id";
    case 4:
    case 0x86:
      return "the broker refuses user name or password";
    case 5:
    case 0x87:
      return "the broker does not let us in; check username and password in [mqtt]";
    case 0x8A:
      return "the broker has banned this client";
    case 0x8C:
      return "the broker wants another way of logging in";
    default:
      return {};
  }
}

}  // namespace

Result<> check(const LinkSettings& s) {
  const auto url = split(s.url);
  if (!url) return url.error();
  const std::pair<const char*, const std::string*> files[] = {
      {"ca_file", &s.ca_file}, {"cert_file", &s.cert_file}, {"key_file", &s.key_file}};
  for (const auto& [key, file] : files) {
    if (file->empty()) continue;
    if (!url->is_tls) return Error(Errc::refused, fmt::format("{} needs a url with mqtts://", key));
    std::error_code none;
    if (!std::filesystem::exists(*file, none))
      return Error(Errc::not_found, fmt::format("{}: {} is not there", key, *file));
  }
  if (s.cert_file.empty() != s.key_file.empty())
    return Error(Errc::refused, "cert_file and key_file belong together; give both or none");
  return {};
}

std::string paho_uri(const LinkSettings& settings) {
  const auto url = split(settings.url);
  if (!url) return settings.url;
  return (url->is_tls ? "ssl://" : "tcp://") + url->authority;
}

::mqtt::connect_options connect_options(const LinkSettings& s, int protocol) {
  ::mqtt::connect_options o;
  o.set_mqtt_version(protocol == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
  if (protocol == 5) {
    o.set_clean_start(true);
    ::mqtt::properties p;
    p.add({::mqtt::property::SESSION_EXPIRY_INTERVAL, 0});
    p.add({::mqtt::property::RECEIVE_MAXIMUM, kReceiveMaximum});
    o.set_properties(std::move(p));
  } else {
    o.set_clean_session(true);
  }
  o.set_keep_alive_interval(static_cast<int>(s.keep_alive_s));
  o.set_connect_timeout(kConnectTimeout_s);
  o.set_max_inflight(static_cast<int>(std::max<std::size_t>(s.window, 10)));
  o.set_automatic_reconnect(false);
  if (!s.username.empty()) o.set_user_name(s.username);
  if (!s.password.empty()) o.set_password(s.password);
  if (!s.will_topic.empty()) o.set_will(will(s, protocol));
  if (uses_tls(s)) o.set_ssl(ssl_options(s));
  return o;
}

void add_properties(::mqtt::message& message, const Outgoing& from) {
  if (from.correlation.empty() && from.content_type.empty() && from.expiry_s == 0) return;
  ::mqtt::properties p;
  if (!from.correlation.empty()) p.add({::mqtt::property::CORRELATION_DATA, from.correlation});
  if (!from.content_type.empty()) p.add({::mqtt::property::CONTENT_TYPE, from.content_type});
  if (from.expiry_s > 0)
    p.add({::mqtt::property::MESSAGE_EXPIRY_INTERVAL, static_cast<std::int32_t>(from.expiry_s)});
  message.set_properties(std::move(p));
}

ConnectFailure explain(int code, int reason, int protocol) {
  // A 3.1.1 CONNACK carries 1 to 5 as the return code, an MQTT 5 one its reason code.
  const int refusal = protocol == 5 && reason != 0 ? reason : std::max(code, 0);
  if (refusal == 0x84 || refusal == 1)
    return {fmt::format("the broker does not speak MQTT {}", protocol == 5 ? "5" : "3.1.1"), true,
            true};
  if (const std::string_view login = login_refusal(refusal); !login.empty())
    return {std::string(login), false, true};
  if (refusal != 0)
    return {fmt::format("the broker refuses the connection (code {})", refusal), false, true};
  return {"the broker cannot be reached", false, false};
}

bool uses_tls(const LinkSettings& settings) { return settings.url.starts_with("mqtts://"); }

Endpoint endpoint(const LinkSettings& settings) {
  const auto url = split(settings.url);
  if (!url) return {};
  const std::size_t colon = url->authority.rfind(':');
  Endpoint e{url->authority.substr(0, colon), url->authority.substr(colon + 1)};
  if (e.host.starts_with('[') && e.host.ends_with(']'))
    e.host = e.host.substr(1, e.host.size() - 2);
  return e;
}

}  // namespace b2m::mqtt
