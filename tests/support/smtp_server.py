#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A mail server on loopback for tests (aiosmtpd): STARTTLS and login are required unless told otherwise.

    smtp_server.py CERTIFICATE KEY [--plain]

Prints its port, then each mail as one line of JSON: sender, receivers and the raw text. The login is b2m / secret.
"""
import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_DATA(self, server, session, envelope):
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "login": session.auth_data is not None,
                "tls": session.ssl is not None, "text": envelope.content.decode("utf-8")}
        print(json.dumps(mail), flush=True)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = getattr(data, "login", b"") == b"b2m" and getattr(data, "password", b"") == b"secret"
    return AuthResult(success=good, handled=False, auth_data=data if good else None)


async def main(certificate, key, plain):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def protocol():
        if plain:
            return SMTP(Handler(), hostname="localhost")
        return SMTP(Handler(), hostname="localhost", tls_context=context, require_starttls=True,
                    auth_required=True, authenticator=authenticate)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], "--plain" in sys.argv[3:]))
