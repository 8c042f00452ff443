# SPDX-License-Identifier: Apache-2.0
"""TLS and logins with real clients: mosquitto's over TLS, paho over secure WebSocket, Python's own TLS; password and ACL
files that mosquitto_passwd and `orrery-broker passwd` wrote. The certificate is made when the tests run."""
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest

import paho.mqtt.client as paho

from live import HOST, PROGRAM, LiveTest, wait_for


class TlsTest(LiveTest):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)
        self.certificate, key = os.path.join(self.dir, "certificate.pem"), os.path.join(self.dir, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                        "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
                        "-out", self.certificate], check=True, capture_output=True, timeout=60)
        self.files = [f"ssl_options.certfile={self.certificate}", f"ssl_options.keyfile={key}"]

    def tls_broker(self, *sets):
        listeners = [f"listeners.{kind}.default.{rest}" for kind in ("ssl", "wss")
                     for rest in [f"bind={HOST}:0"] + self.files]
        broker = self.broker("node.shards=2", *listeners, *sets)
        line = next(line for line in broker.err if "listening on" in line)
        ports = {}
        for part in line.split("listening on ")[1].split(", "):
            kind, address = part.split()
            ports[kind] = int(address.rsplit(":", 1)[1])
        broker.tls, broker.wss = ports["tls"], ports["wss"]
        return broker

    def test_mosquittos_clients_with_every_version(self):
        b = self.tls_broker()
        for version in ("tlsv1.2", "tlsv1.3"):
            secure = ["-h", "localhost", "-p", b.tls, "--cafile", self.certificate, "--tls-version", version]
            sub = self.process("stdbuf", "-oL", "mosquitto_sub", *secure, "-t", "secret/#", "-C", 1, "-q", 1, "-d")
            wait_for(lambda s=sub: any(line.startswith("Subscribed") for line in s.out), "mosquitto_sub is subscribed")
            self.assertEqual(self.run_program("mosquitto_pub", *secure, "-t", "secret/x", "-m", "m", "-q", 2)[0], 0)
            self.assertEqual(sub.wait(), 0)
            self.assertIn("m", sub.out)

    def test_paho_over_secure_websocket(self):
        b = self.tls_broker()
        got = []
        client = paho.Client(client_id="wss", transport="websockets")
        client.ws_set_options(path="/mqtt")
        client.tls_set(ca_certs=self.certificate)
        client.on_message = lambda c, u, m: got.append(m.payload)
        client.on_connect = lambda c, u, flags, code: c.subscribe("w/#", 1)
        client.on_subscribe = lambda c, u, mid, granted: c.publish("w/x", b"x" * 200_000, 1)
        client.connect("localhost", b.wss)
        client.loop_start()
        self.addCleanup(client.loop_stop)
        wait_for(lambda: got, "its own message of 200,000 bytes")
        self.assertEqual(got, [b"x" * 200_000])
        client.disconnect()

    def test_a_client_without_tls_and_one_that_trusts_nobody(self):
        b = self.tls_broker()
        self.assertNotEqual(self.run_program("mosquitto_pub", "-h", HOST, "-p", b.tls, "-t", "a", "-m", "m")[0], 0)
        context = ssl.create_default_context()  # the certificate is none that it knows
        with socket.create_connection((HOST, b.tls), timeout=30) as s, self.assertRaises(ssl.SSLError):
            context.wrap_socket(s, server_hostname="localhost")
        wait_for(lambda: b.log_has("tls_failed: listeners.ssl.default: a connection from "), "a line in the log")
        self.publish(b, "still", "here", "-q", 1)

    def test_files_that_are_missing_or_wrong(self):
        for name, value in (("certfile", "/nowhere.pem"), ("keyfile", self.certificate)):
            files = dict(f.split("=", 1) for f in self.files) | {f"ssl_options.{name}": value}
            sets = [x for k, v in files.items() for x in ("--set", f"listeners.ssl.default.{k}={v}")]
            code, _, error = self.run_program(PROGRAM, "--set", f"listeners.ssl.default.bind={HOST}:0", *sets)
            self.assertEqual(code, 1)
            self.assertIn(f"listeners.ssl.default.ssl_options: {value}: ", error)
        code, _, error = self.run_program(PROGRAM, "--set", f"listeners.ssl.default.bind={HOST}:0")
        self.assertEqual(code, 2)
        self.assertIn('listeners.ssl.default: needs "ssl_options" with "certfile" and "keyfile"', error)

    def test_logins_and_rights(self):
        passwords, acl = os.path.join(self.dir, "passwords"), os.path.join(self.dir, "acl")
        subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "alice", "one"], check=True, capture_output=True, timeout=60)
        subprocess.run([PROGRAM, "passwd", "--scram", passwords, "bob"], input="two\n", text=True, check=True, timeout=60)
        with open(acl, "w", encoding="utf-8") as f:
            f.write("user alice\ntopic readwrite open/#\nuser bob\ntopic read open/#\n")
        b = self.tls_broker(f"auth.password_file={passwords}", f"auth.acl_file={acl}")

        def publish(*options):
            code, out, error = self.run_program("mosquitto_pub", "-p", b.tcp, "-V", "mqttv5", "-q", 1, "-m", "m", *options)
            return code, out + error

        self.assertIn("Not authorized", publish("-t", "open/x")[1])
        self.assertIn("Bad User Name or Password", publish("-t", "open/x", "-u", "alice", "-P", "two")[1])
        self.assertIn("Bad User Name or Password", publish("-t", "open/x", "-u", "carol", "-P", "one")[1])
        self.assertIn("Not authorized", publish("-t", "open/x", "-u", "bob", "-P", "two")[1])
        self.assertIn("Not authorized", publish("-t", "closed", "-u", "alice", "-P", "one")[1])
        sub = self.process("stdbuf", "-oL", "mosquitto_sub", "-p", b.tcp, "-u", "bob", "-P", "two", "-t", "open/+", "-C", 1, "-q", 1, "-d")
        wait_for(lambda: any(line.startswith("Subscribed") for line in sub.out), "mosquitto_sub is subscribed")
        self.assertEqual(publish("-t", "open/x", "-u", "alice", "-P", "one")[0], 0)
        self.assertEqual(sub.wait(), 0)
        _, out, error = self.run_program("mosquitto_sub", "-p", b.tcp, "-u", "bob", "-P", "two", "-t", "closed", "-V", "mqttv5")
        self.assertIn("denied", out + error)


if __name__ == "__main__":
    unittest.main()
