"""pyftpdlib-server.py CONFIGURATION.json : one FTP server; see PyftpdlibConfiguration.cs for the keys."""
import json
import logging
import os
import sys
import tempfile

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

with open(sys.argv[1], encoding="utf-8") as source:
    settings = json.load(source)

base, certificate = FTPHandler, settings["certificate"]
if certificate:
    from pyftpdlib.handlers import TLS_FTPHandler

    base = TLS_FTPHandler
    with open(certificate, encoding="ascii") as source:
        pem = source.read()

if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(settings["gid"])
    os.setuid(settings["uid"])
os.umask(0o022)


class Handler(base):
    def handle(self):
        if settings["implicit"]:
            self.secure_connection(self.ssl_context)  # the greeting follows the handshake
        else:
            base.handle(self)

    def handle_ssl_established(self):
        if settings["implicit"]:
            base.handle(self)


authorizer = DummyAuthorizer()
authorizer.add_user(settings["user"], settings["password"], settings["root"], perm=settings["permissions"])
if settings["anonymous"]:
    authorizer.add_anonymous(settings["root"])
    authorizer.override_perm("anonymous", settings["root"], settings["permissions"], recursive=True)
Handler.authorizer = authorizer
Handler.timeout = settings["idle"]
Handler.use_gmt_times = True
Handler.unicode_errors = "surrogateescape"  # the default, "replace", cannot serve a name that is not UTF-8
Handler.max_login_attempts = 100
Handler.auth_failed_timeout = 0
Handler.proto_cmds = {verb: facts for verb, facts in Handler.proto_cmds.items() if verb not in settings["denied"]}
if certificate:
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as own:  # readable by the user that this is now
        own.write(pem)
        own.flush()
        Handler.certfile = own.name
        Handler.ssl_context = Handler.get_ssl_context()
    if settings["only_tls12"]:
        from OpenSSL import SSL

        Handler.ssl_context.set_options(getattr(SSL, "OP_NO_TLSv1_3", 1 << 29))
    Handler.tls_control_required = settings["tls_required"]
    Handler.tls_data_required = settings["tls_required"]
for name, value in settings["attributes"].items():
    setattr(Handler, name, value)

class Server(FTPServer):
    def _accept_new_cons(self):
        """pyftpdlib's own max_cons counts every socket, its listener and data connections included; this counts sessions."""
        sessions = sum(isinstance(handler, FTPHandler) for handler in self.ioloop.socket_map.values())
        return not settings["clients"] or sessions <= settings["clients"]


logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
server = Server((settings["address"], settings["port"]), Handler, backlog=512)
server.max_cons_per_ip = settings["clients_per_host"]
server.serve_forever()
