// SPDX-License-Identifier: MIT
#include "gateway/mqtt/tls_diagnosis.hpp"

#include <memory>

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

namespace b2m::mqtt {
namespace {

constexpr timeval kStepLimit{.tv_sec = 3, .tv_usec = 0};
constexpr timeval kAlertLimit{.tv_sec = 0, .tv_usec = 500'000};

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Context = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Deleter<SSL_free>>;

struct Socket {
  int fd = -1;
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd >= 0) close(fd);
  }
  void set_limit(timeval limit) const {
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  bool open(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return false;
    const std::unique_ptr<addrinfo, Deleter<freeaddrinfo>> all(found);
    for (const addrinfo* a = found; a; a = a->ai_next) {
      fd = ::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
      set_limit(kStepLimit);
      if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0) return true;
      if (fd >= 0) close(fd);
      fd = -1;
    }
    return false;
  }
};

std::string openssl_words() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason ? reason : "the connection was closed";
}

std::string certificate_words(long verdict, const LinkSettings& s, const std::string& host) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the broker's certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the broker's certificate is not valid yet; is this machine's clock right?";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("the broker's certificate is for another host name than {}", host);
    default:
      return fmt::format(
          "the broker's certificate is not signed by an authority that {} knows ({}); set ca_file "
          "to the authority's certificate",
          s.ca_file.empty() ? "this system" : s.ca_file, X509_verify_cert_error_string(verdict));
  }
}

std::optional<std::string> load_files(SSL_CTX* context, const LinkSettings& s) {
  const bool has_authorities = s.ca_file.empty()
                                   ? SSL_CTX_set_default_verify_paths(context) == 1
                                   : SSL_CTX_load_verify_file(context, s.ca_file.c_str()) == 1;
  if (!has_authorities)
    return fmt::format("ca_file: {} cannot be used: {}", s.ca_file, openssl_words());
  if (!s.cert_file.empty() && SSL_CTX_use_certificate_chain_file(context, s.cert_file.c_str()) != 1)
    return fmt::format("cert_file: {} cannot be used: {}", s.cert_file, openssl_words());
  if (s.key_file.empty()) return std::nullopt;
  if (SSL_CTX_use_PrivateKey_file(context, s.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return fmt::format("key_file: {} cannot be used, or is not the key of {}: {}", s.key_file,
                       s.cert_file, openssl_words());
  return std::nullopt;
}

bool is_address(const std::string& host) {
  return host.find(':') != std::string::npos ||
         host.find_first_not_of("0123456789.") == std::string::npos;
}

/// With TLS 1.3 a broker refuses our certificate only after the handshake.
std::optional<std::string> late_alert(SSL* session, const Socket& socket) {
  socket.set_limit(kAlertLimit);
  char byte = 0;
  const int got = SSL_read(session, &byte, 1);
  if (got > 0 || SSL_get_error(session, got) != SSL_ERROR_SSL) return std::nullopt;
  return fmt::format("the broker refuses our certificate ({}); check cert_file and key_file",
                     openssl_words());
}

std::optional<std::string> handshake(SSL* session, const Socket& socket, const LinkSettings& s,
                                     const std::string& host) {
  SSL_set_fd(session, socket.fd);
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str());
  } else {
    SSL_set1_host(session, host.c_str());
    SSL_set_tlsext_host_name(session, host.c_str());
  }
  if (SSL_connect(session) == 1) return late_alert(session, socket);
  const long verdict = SSL_get_verify_result(session);
  if (verdict != X509_V_OK) return certificate_words(verdict, s, host);
  const std::string words = openssl_words();
  if (words == "wrong version number")
    return "this port of the broker does not speak TLS; use mqtt://, or the broker's TLS port";
  return fmt::format("the TLS handshake fails: {}; is this the broker's TLS port?", words);
}

}  // namespace

std::optional<std::string> diagnose_tls(const LinkSettings& settings, const std::string& host,
                                        const std::string& port) {
  ERR_clear_error();
  const Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return std::nullopt;
  if (auto trouble = load_files(context.get(), settings)) return trouble;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  Socket socket;
  if (!socket.open(host, port)) return std::nullopt;
  const Session session(SSL_new(context.get()));
  if (!session) return std::nullopt;
  return handshake(session.get(), socket, settings, host);
}

}  // namespace b2m::mqtt
