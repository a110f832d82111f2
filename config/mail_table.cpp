// SPDX-License-Identifier: MIT
// The keys of [mail].
#include <algorithm>

#include "config/tables.hpp"

namespace b2m::config {

namespace {

bool is_address(std::string_view text) {
  const std::size_t at = text.find('@');
  const auto is_plain = [](char c) {
    return static_cast<unsigned char>(c) > ' ' && static_cast<unsigned char>(c) < 0x7F &&
           c != '<' && c != '>' && c != ',' && c != ';' && c != '"' && c != '\\';
  };
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos && text.size() <= 254 &&
         std::all_of(text.begin(), text.end(), is_plain);
}

Rule address() { return text_that("an address like me@example.org", is_address); }

Rule host_name() {
  return text_that("a host name or an address, without port", [](std::string_view text) {
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '-' || c == '_' || c == ':';
    };
    return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), fits);
  });
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void check_mail(const Mail& mail, Complaints& complaints) {
  if (mail.security == MailSecurity::none && !is_loopback(mail.host))
    complaints.about("security", "security = \"none\" is only for a server on this machine",
                     "use \"starttls\" (port 587) or \"tls\" (port 465)");
  if (mail.security == MailSecurity::none && !mail.ca_file.empty())
    complaints.about("ca_file", "ca_file has no effect without TLS", "remove this line");
  if (!mail.password.empty() && mail.username.empty())
    complaints.about("password", "a password needs a username", "add username = \"...\"");
  if (mail.password.empty() && !mail.username.empty())
    complaints.about("username", "a username needs a password",
                     "add password = { file = \"/etc/battery2mqtt/mail.password\" }");
  if (complaints.is_empty_list("to"))
    complaints.about("to", "to is empty", "for example to = [\"me@example.org\"]");
}

}  // namespace

const Schema<Mail>& mail_schema() {
  using S = Mail;
  static const auto kSchema =
      Schema<S>("mail", "Reports of charges by e-mail; without this table none are sent.")
          .required("host", &S::host, "The mail server (SMTP).", host_name())
          .option("port", &S::port, "587 with starttls, 465 with tls.", range(1, 65535))
          .option("security", &S::security, "The server's certificate is always verified.",
                  words_of<MailSecurity>())
          .option("ca_file", &S::ca_file,
                  "Certificate authority of the server; not set: the system's.")
          .option("username", &S::username, "Name for the login.")
          .option("password", &S::password,
                  "Password for the login; many providers call it an "
                  "app password.")
          .required("from", &S::from, "Sender.", address())
          .required("to", &S::to, "Receivers.", address())
          .option("on_finish", &S::on_finish, "After every charge.")
          .option("on_fault", &S::on_fault, "At every fault of a charger.")
          .option("daily", &S::daily, "The charges of the day before, in the morning.")
          .option("weekly", &S::weekly, "The charges of the week before, on Mondays.")
          .present(&S::is_set)
          .check(check_mail);
  return kSchema;
}

}  // namespace b2m::config
