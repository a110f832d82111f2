// SPDX-License-Identifier: MIT
#include "tests/support/broker.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace b2m::test {
namespace {

constexpr int kStartSteps = 500;
constexpr int kStep_ms = 10;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

pid_t spawn(std::vector<std::string> words, const std::string& log) {
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no broker behind
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execvp(argv[0], argv.data());
  _exit(127);
}

void run(std::vector<std::string> words, const std::string& log) {
  const std::string name = words[0] + " " + words[1];
  int status = -1;
  waitpid(spawn(std::move(words), log), &status, 0);
  if (status != 0) throw std::runtime_error(name + " failed, see " + log);
}

}  // namespace

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool is_bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  if (!is_bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "b2m_test_XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path_ = name;
}
ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // a leftover in /tmp is no failure of the test
  std::filesystem::remove_all(path_, ignored);
}

Certificates::Certificates() {
  authority("ca", "Test authority");
  authority("other", "Another authority");
  signed_by_ca("server", "DNS:localhost,IP:127.0.0.1");
  signed_by_ca("wronghost", "DNS:elsewhere.example");
  signed_by_ca("client", "DNS:client.example");
}

void Certificates::authority(const std::string& name, const std::string& common_name) const {
  run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
       "-nodes", "-days", "2", "-subj", "/CN=" + common_name, "-keyout", file(name + ".key"),
       "-out", file(name + ".crt")},
      file("openssl.log"));
}

void Certificates::signed_by_ca(const std::string& name, const std::string& alternative) const {
  run({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
       "-subj", "/CN=" + name, "-keyout", file(name + ".key"), "-out", file(name + ".csr")},
      file("openssl.log"));
  std::ofstream(file(name + ".ext")) << "subjectAltName=" << alternative << "\n";
  run({"openssl", "x509", "-req", "-in", file(name + ".csr"), "-CA", ca(), "-CAkey", file("ca.key"),
       "-CAcreateserial", "-days", "2", "-extfile", file(name + ".ext"), "-out",
       file(name + ".crt")},
      file("openssl.log"));
}

Broker::Broker(BrokerSettings settings) : settings_(std::move(settings)), port_(free_port()) {
  if (settings_.is_tls) certificates_.emplace();
  write_configuration();
  start();
}

Broker::~Broker() { kill(); }

std::string Broker::url() const {
  return fmt::format("{}://localhost:{}", settings_.is_tls ? "mqtts" : "mqtt", port_);
}

void Broker::write_configuration() const {
  std::ofstream out(folder_ / "mosquitto.conf");
  out << "listener " << port_ << " 127.0.0.1\n";
  if (geteuid() == 0) out << "user root\n";
  out << "allow_anonymous " << (settings_.username.empty() ? "true" : "false") << "\n";
  if (!settings_.username.empty()) {
    run({"mosquitto_passwd", "-b", "-c", folder_ / "passwords", settings_.username,
         settings_.password},
        folder_ / "passwd.log");
    out << "password_file " << (folder_ / "passwords") << "\n";
  }
  if (settings_.is_tls) {
    out << "cafile " << certificates_->ca() << "\ncertfile "
        << certificates_->file(settings_.server_certificate + ".crt") << "\nkeyfile "
        << certificates_->file(settings_.server_certificate + ".key") << "\nrequire_certificate "
        << (settings_.wants_client_certificate ? "true" : "false") << "\n";
  }
  if (settings_.is_persistent)
    out << "persistence true\npersistence_location " << (folder_ / "") << "\n";
  for (const std::string& line : settings_.lines) out << line << "\n";
}

bool Broker::listens() const {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port_);
  const bool is_there =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return is_there;
}

void Broker::start() {
  pid_ = spawn({"/usr/sbin/mosquitto", "-c", folder_ / "mosquitto.conf"}, folder_ / "log");
  for (int i = 0; i < kStartSteps; ++i) {
    if (listens()) return;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) break;
    poll(nullptr, 0, kStep_ms);
  }
  pid_ = -1;
  std::ifstream log(folder_ / "log");
  throw std::runtime_error("mosquitto does not start: " +
                           std::string(std::istreambuf_iterator<char>(log), {}));
}

void Broker::end(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  ::kill(pid_, SIGCONT);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}
void Broker::stop() { end(SIGTERM); }
void Broker::kill() { end(SIGKILL); }
void Broker::freeze() const { ::kill(pid_, SIGSTOP); }
void Broker::thaw() const { ::kill(pid_, SIGCONT); }

}  // namespace b2m::test
