#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""orrery-conformance as a program: exit codes, and a clear sentence for whatever is wrong with the command line or the target.

Usage: program_test.py PROGRAM SCHEMA SMALL_BROKER. A small server that accepts and hangs up stands in for a broker that is none."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAM, SCHEMA, SMALL_BROKER = sys.argv[1:4]


def run(*arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout, done.stderr


class HangsUp(threading.Thread):
    """Listens on a loopback port; ends every connection at once."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            connection.close()


class Program(unittest.TestCase):
    def refused(self, arguments, *words):
        code, _, error = run(*arguments)
        self.assertEqual(code, 2, error)
        for word in words:
            self.assertIn(word, error)

    def test_command_line(self):
        self.refused([], "nothing to test", "--broker URL")
        self.refused(["--broker", "http://x"], "tls, ws or wss", "for example")
        self.refused(["--broker", "tcp://127.0.0.1:99999"], "1 to 65535")
        self.refused(["--target", "moon"], "moon")
        self.refused(["--mqtt", "4", "--target", "sim"], "3.1.1")
        self.refused(["--nonsense"], "--nonsense")
        self.refused(["--target", "sim", "--filter", "no such case"], "no case is left")
        self.refused(["--target", "sim", "--plug", "/nowhere.so"], "/nowhere.so")
        self.refused(["--target", "sim", "--plug", SMALL_BROKER], "one node with one shard")
        self.refused(["--target", "sim", "--json", "/nowhere/x.json"], "/nowhere/x.json", "cannot be written")

    def test_targets_that_are_not_there(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        self.refused(["--broker", f"tcp://127.0.0.1:{port}"], "cannot connect", str(port))
        self.refused(["--broker", "tcp://no-such-host.invalid"], "cannot be found")
        self.refused(["--driver", "/nowhere.json"], "/nowhere.json")

    def test_driver_files(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "d.json")

            def refused(text, *words):
                with open(path, "w") as f:
                    f.write(text)
                self.refused(["--driver", path], *words)

            refused('{\n "name": "x",\n "comand": []\n}', "d.json:", "comand", "command")
            refused('{"name": "x", "command": ["/nowhere/broker"], "listeners": ["tcp://127.0.0.1:{port:a}"]}',
                    "ended at once", "No such file")
            refused('{"name": "x", "command": ["/bin/sleep", "20"], "ready_within": "100ms",'
                    ' "listeners": ["tcp://127.0.0.1:{port:a}"]}', "not ready", "cannot connect")

    def test_failures_and_reports(self):
        server = HangsUp()
        server.start()
        with tempfile.TemporaryDirectory() as directory:
            names = {kind: os.path.join(directory, kind) for kind in ("json", "junit", "html", "page", "markdown")}
            code, out, _ = run("--broker", f"tcp://127.0.0.1:{server.port}", "--filter", "connect-accepted",
                               *[x for kind, name in names.items() for x in ("--" + kind, name)])
            self.assertEqual(code, 1)
            self.assertIn("FAIL      connect-accepted[5]", out)
            self.assertIn("the broker has closed the connection", out)
            self.assertTrue(out.endswith("FAIL\n"))
            with open(names["json"]) as f:
                report = json.load(f)
            self.assertFalse(report["green"])
            with open(SCHEMA) as f:
                check(self, json.load(f), report)
            for kind, word in (("junit", "connect-accepted"), ("html", "connect-accepted"), ("page", "connect-accepted"),
                               ("markdown", "| 3 |")):
                with open(names[kind]) as f:
                    self.assertIn(word, f.read())

    def test_how_the_broker_ends(self):
        broker = ("import signal, socket, sys\n"
                  "asked = (lambda *_: sys.exit(int(sys.argv[2]))) if int(sys.argv[3]) > 2 else signal.SIG_IGN\n"
                  "signal.signal(signal.SIGTERM, asked)\n"
                  "s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
                  "print('leaks everything', flush=True)\n"
                  "for i in range(int(sys.argv[3])): s.accept()[0].close()\n"
                  "sys.exit(int(sys.argv[2]))\n")
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "d.json")
            # By itself after the second connection, it may be asked a moment before it is gone.
            for status, connections, said in ((0, 10000, None), (143, 10000, None), (66, 10000, "when it was asked to"),
                                              (66, 2, "it was asked to")):
                with open(path, "w") as f:
                    json.dump({"name": "leaky", "listeners": ["tcp://127.0.0.1:{port:a}"],
                               "command": [sys.executable, "-c", broker, "{port:a}", str(status), str(connections)]}, f)
                code, out, error = run("--driver", path, "--filter", "connect-all-fields[5]")
                self.assertEqual(code, 1, error)
                self.assertIn("FAIL", out)
                if said is None:
                    self.assertNotIn("BROKER", out)
                else:
                    self.assertRegex(out, "leaky ended with status 66, .*" + said)
                    self.assertIn("leaks everything", out)

    def test_a_green_run(self):
        code, out, _ = run("--target", "sim", "--filter", "connect-accepted", "--transport", "tcp")
        self.assertEqual(code, 0, out)
        self.assertTrue(out.endswith("PASS\n"))

    def test_lists(self):
        for arguments, word in ((["list"], "takeover"), (["list", "--uncovered"], "have no case"),
                                (["list", "--requirements"], "MQTT-3.1.0-1"), (["--version"], "orrery-conformance 0.")):
            code, out, _ = run(*arguments)
            self.assertEqual(code, 0)
            self.assertIn(word, out)


def check(test, schema, value, root=None):
    """As much of JSON Schema as the report's schema uses."""
    root = root or schema
    if "$ref" in schema:
        return check(test, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], value, root)
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
    if "type" in schema:
        test.assertIsInstance(value, kinds[schema["type"]])
    if "enum" in schema:
        test.assertIn(value, schema["enum"])
    if schema.get("type") == "object":
        for key in schema["required"]:
            test.assertIn(key, value)
        for key, member in value.items():
            test.assertIn(key, schema["properties"])
            check(test, schema["properties"][key], member, root)
    if schema.get("type") == "array":
        for item in value:
            check(test, schema["items"], item, root)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
