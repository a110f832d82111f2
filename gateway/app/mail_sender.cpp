// SPDX-License-Identifier: MIT
#include "gateway/app/mail_sender.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include <curl/curl.h>
#include <dlfcn.h>
#include <fmt/format.h>

namespace b2m::app {
namespace {

constexpr long kConnectSeconds = 20;
constexpr long kAllSeconds = 60;

/// The functions of libcurl that are needed. Never unloaded: the process ends soon.
struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
};

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));  // as POSIX has it
  return function != nullptr;
}

Result<Curl> load_curl() {
  void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return Error(Errc::not_found,
                 "libcurl is not installed; hint: apt-get install libcurl4 (only mail needs it)");
  Curl c;
  const bool complete = find(library, "curl_global_init", c.global_init) &&
                        find(library, "curl_easy_init", c.easy_init) &&
                        find(library, "curl_easy_setopt", c.easy_setopt) &&
                        find(library, "curl_easy_perform", c.easy_perform) &&
                        find(library, "curl_easy_cleanup", c.easy_cleanup) &&
                        find(library, "curl_easy_strerror", c.easy_strerror) &&
                        find(library, "curl_slist_append", c.slist_append) &&
                        find(library, "curl_slist_free_all", c.slist_free_all);
  if (!complete || c.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return Error(Errc::not_supported, "this libcurl cannot be used; hint: install Debian's");
  return c;
}

std::size_t give(char* buffer, std::size_t size, std::size_t count, void* rest) {
  auto& text = *static_cast<std::string_view*>(rest);
  const std::size_t bytes = std::min(size * count, text.size());
  std::memcpy(buffer, text.data(), bytes);
  text.remove_prefix(bytes);
  return bytes;
}

std::string url_of(const config::Mail& mail) {
  const bool is_ipv6 = mail.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}",
                     mail.security == config::MailSecurity::tls ? "smtps" : "smtp",
                     is_ipv6 ? "[" : "", mail.host, is_ipv6 ? "]" : "", mail.port);
}

std::string hint_for(CURLcode code) {
  switch (code) {
    case CURLE_LOGIN_DENIED:
      return "the server refuses the login; hint: check username and password of [mail]; many "
             "providers want an app password";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return "the server's certificate is not trusted, nothing was sent; hint: correct host, or "
             "give ca_file for a certificate authority of your own";
    case CURLE_USE_SSL_FAILED:
      return "the server offers no STARTTLS, nothing was sent; hint: security = \"tls\" with port "
             "465, if it has that";
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the host is not known; hint: check host of [mail] and the network";
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
      return "the server does not answer; hint: check host and port of [mail]";
    default:
      return "the server does not take the mail";
  }
}

}  // namespace

Result<> send_mail(const config::Mail& mail, const std::string& text) {
  const Result<Curl> loaded = load_curl();
  if (!loaded) return loaded.error();
  const Curl& c = *loaded;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(c.easy_init(), c.easy_cleanup);
  if (!handle) return Error(Errc::io_error, "libcurl cannot begin");
  curl_slist* list = nullptr;
  for (const std::string& to : mail.to) list = c.slist_append(list, ("<" + to + ">").c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> to(list, c.slist_free_all);
  char why[CURL_ERROR_SIZE] = "";
  std::string_view rest = text;
  const auto set = [&](CURLoption option, auto value) {
    c.easy_setopt(handle.get(), option, value);
  };
  set(CURLOPT_URL, url_of(mail).c_str());
  set(CURLOPT_USE_SSL,
      static_cast<long>(mail.security == config::MailSecurity::none ? CURLUSESSL_NONE
                                                                    : CURLUSESSL_ALL));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!mail.ca_file.empty()) set(CURLOPT_CAINFO, mail.ca_file.c_str());
  if (!mail.username.empty()) {
    set(CURLOPT_USERNAME, mail.username.c_str());
    set(CURLOPT_PASSWORD, mail.password.reveal().c_str());
  }
  set(CURLOPT_PROXY, "");  // no proxy of the environment: the login goes to the server alone
  set(CURLOPT_MAIL_FROM, ("<" + mail.from + ">").c_str());
  set(CURLOPT_MAIL_RCPT, to.get());
  set(CURLOPT_READFUNCTION, &give);
  set(CURLOPT_READDATA, static_cast<void*>(&rest));
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_TIMEOUT, kAllSeconds);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(why));
  const CURLcode code = c.easy_perform(handle.get());
  if (code == CURLE_OK) return {};
  return Error(Errc::io_error, fmt::format("{}:{}: {} ({})", mail.host, mail.port, hint_for(code),
                                           *why ? why : c.easy_strerror(code)));
}

}  // namespace b2m::app
