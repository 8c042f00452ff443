# SPDX-License-Identifier: Apache-2.0
"""What the broker says: lines of text and of JSON, levels, the limit of each kind, hostile client ids."""
import json
import re
import signal
import socket
import unittest

from live import HOST, PATIENCE, PROGRAM, LiveTest, free_ports, wait_for

LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error) ([a-z_]+): (.+)$")


def connect_packet(client_id, protocol_level=4):
    """A CONNECT with Clean Session and a keep alive of one minute."""
    body = b"\0\4MQTT" + bytes([protocol_level, 2, 0, 60]) + len(client_id).to_bytes(2, "big") + client_id
    return b"\x10" + bytes([len(body)]) + body


class LogTest(LiveTest):
    def stopped(self, broker):
        broker.signal(signal.SIGTERM)
        self.assertEqual(broker.wait(), 0)
        return broker.err

    def say(self, port, *parts):
        """Sends everything on one connection and waits until the broker has ended it."""
        with socket.create_connection((HOST, port), timeout=PATIENCE) as s:
            s.sendall(b"".join(parts))
            while s.recv(4096):
                pass

    def without_storage(self, kinds, lines):
        """Of the kinds and lines, those that are not about the data directory that these brokers do not have."""
        kept = [(kind, line) for kind, line in zip(kinds, lines) if kind != "remembers_nothing"]
        return [kind for kind, _ in kept], [line for _, line in kept]

    def say_no_websocket(self, broker):
        self.say(broker.ws, b"GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n")

    def test_lines_of_text(self):
        broker = self.broker()
        self.say_no_websocket(broker)
        lines = self.stopped(broker)
        kinds = []
        for line in lines:
            match = LINE.match(line)
            self.assertTrue(match, line)
            kinds.append(match.group(2))
        kinds, lines = self.without_storage(kinds, lines)
        self.assertEqual(kinds, ["started", "upgrade_refused", "stopping", "stopped"])
        self.assertIn("told to end by SIGTERM", lines[2])
        self.assertRegex(lines[1], r"from 127\.0\.0\.1:\d+ is refused: ")

    def test_lines_of_json(self):
        broker = self.broker("log.format=json")
        self.say_no_websocket(broker)
        lines = [json.loads(line) for line in self.stopped(broker)]
        kinds, lines = self.without_storage([line["kind"] for line in lines], lines)
        self.assertEqual(kinds, ["started", "upgrade_refused", "stopping", "stopped"])
        for line in lines:
            self.assertEqual(line["node"], "n1")
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertNotIn("shard", lines[0])
        self.assertRegex(lines[1]["address"], r"^127\.0\.0\.1:\d+$")
        self.assertEqual(lines[1]["level"], "info")
        self.assertIn(lines[1]["text"], lines[1]["message"])
        self.assertIn(lines[1]["shard"], range(64))

    def test_level_debug_shows_connections(self):
        broker = self.broker("log.level=debug")
        self.say(broker.tcp, connect_packet(b"pump-7"), b"\xe0\0")
        self.assertTrue(wait_for(lambda: broker.log_has('client_gone: client "pump-7" at 127.0.0.1:'), "it is gone"))
        self.assertTrue(broker.log_has('client_connected: client "pump-7" at 127.0.0.1:'))

    def test_a_hostile_client_id_is_one_line(self):
        broker = self.broker("log.level=debug")
        hostile = 'x" at\n2026 error "\\'.encode() + "\u2028\u202e".encode()
        self.say(broker.tcp, connect_packet(hostile), b"\xe0\0")
        lines = self.stopped(broker)
        self.assertTrue(all(LINE.match(line) for line in lines), lines)
        shown = r'client "x\" at\x0a2026 error \"\\\xe2\x80\xa8\xe2\x80\xae" at 127.0.0.1:'
        self.assertTrue(any(shown in line for line in lines), lines)

    def test_the_level_is_the_least_that_is_written(self):
        broker = self.broker("log.level=info")
        self.say_no_websocket(broker)
        wait_for(lambda: broker.log_has("upgrade_refused"), "it says so")
        port = free_ports(2)[0]
        silent = self.process(PROGRAM, "--set", f"listeners.tcp.default.bind={HOST}:{port}",
                              "--set", f"listeners.ws.default.bind={HOST}:{port + 1}", "--set", "admin.bind=",
                              "--set", "log.level=warning")
        wait_for(lambda: self.answers(port + 1), "the broker listens")
        silent.signal(signal.SIGTERM)
        self.assertEqual(silent.wait(), 0)
        self.assertEqual(silent.err, [])

    def answers(self, port):
        try:
            self.say(port, b"GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n")
            return True
        except OSError:
            return False

    def test_many_of_a_kind_are_counted(self):
        broker = self.broker("node.shards=1")
        count = 0

        def told():
            nonlocal count
            self.say_no_websocket(broker)
            count += 1
            return broker.log_has(" more of these")

        wait_for(told, "more come within a second than are written")
        lines = self.stopped(broker)
        written = [line for line in lines if " is refused: " in line]
        more = [int(m.group(1)) for line in lines if (m := re.search(r"upgrade_refused: (\d+) more of these$", line))]
        self.assertEqual(len(written) + sum(more), count)

    def test_wrong_options(self):
        code, _, err = self.run_program(PROGRAM, "--set", "log.level=loud")
        self.assertEqual(code, 2)
        self.assertIn('log.level: expected one of "debug", "info", "warning", "error", found "loud"', err)
        code, _, err = self.run_program(PROGRAM, "--set", "log.format=xml")
        self.assertEqual(code, 2)
        self.assertIn('log.format: expected one of "text", "json", found "xml"', err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
