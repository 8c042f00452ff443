# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping: what is refused before anything runs, exit codes, the printed configuration, signals."""
import json
import signal
import socket
import unittest

from live import HOST, PROGRAM, LiveTest, free_ports, terminate


class StartTest(LiveTest):
    def test_version_and_help(self):
        code, out, _ = self.run_program(PROGRAM, "--version")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^orrery-broker \d+\.\d+\.\d+ \([0-9a-z-]+\)$")
        code, out, _ = self.run_program(PROGRAM, "--help")
        self.assertEqual(code, 0)
        self.assertIn("--config", out)

    def test_a_port_in_use(self):
        first = self.broker()
        code, _, err = self.run_program(PROGRAM, "--set", f"listeners.tcp.default.bind={HOST}:{first.tcp}",
                                        "--set", "listeners.ws.default.enable=false")
        self.assertEqual(code, 1)
        self.assertEqual(err, f"orrery-broker: listeners.tcp.default.bind: {HOST}:{first.tcp} is in use by another process; "
                              "stop it or choose another port")

    def test_the_admins_port_in_use(self):
        first = self.broker()
        code, _, err = self.run_program(PROGRAM, "--set", f"listeners.tcp.default.bind={HOST}:0",
                                        "--set", f"listeners.ws.default.bind={HOST}:0",
                                        "--set", f"admin.bind={HOST}:{first.http}")
        self.assertEqual(code, 1)
        self.assertEqual(err, f"orrery-broker: admin.bind: {HOST}:{first.http} is in use by another process; stop it or choose "
                              "another port, or none with an empty admin.bind")

    def test_without_an_admins_port(self):
        broker = self.broker("admin.bind=")
        self.assertIsNone(broker.http)
        self.publish(broker, "x", "y", "-q", 1)

    def test_nothing_is_half_started(self):
        first = self.broker()
        port = free_ports(1)[0]
        code, _, err = self.run_program(PROGRAM, "--set", f"listeners.tcp.default.bind={HOST}:{port}",
                                        "--set", f"listeners.ws.default.bind={HOST}:{first.ws}")
        self.assertEqual(code, 1)
        self.assertIn("listeners.ws.default.bind", err)
        self.assertNotIn("listening on", err)

    def test_too_few_descriptors(self):
        code, _, err = self.run_program(PROGRAM, "--set", "listeners.tcp.default.max_connections=9000000",
                                        "--set", f"listeners.tcp.default.bind={HOST}:0",
                                        "--set", f"listeners.ws.default.bind={HOST}:0")
        self.assertEqual(code, 1)
        self.assertRegex(err, r"this process may open \d+ descriptors, and the configuration needs 9000\d+ .*raise the limit")

    def test_wrong_configurations(self):
        wrong = {
            '{\n  "listeners": {"tcp": {"default": {"bnd": "x"}}}\n}': ':2: listeners.tcp.default.bnd: unknown key; did you mean "bind"?',
            '{"node": {"shards": "four"}}': ':1: node.shards: expected a whole number from 0 to 64, found "four"',
            '{"mqtt": {"max_qos_allowed": 3}}': ":1: mqtt.max_qos_allowed: expected a whole number from 0 to 2, found 3",
            '{"node": }': ":1: not JSON: ",
        }
        for text, expected in wrong.items():
            path = self.file(text)
            for arguments in ((PROGRAM, "--config", path), (PROGRAM, "check-config", "--config", path)):
                code, _, err = self.run_program(*arguments)
                self.assertEqual(code, 2)
                self.assertIn(path + expected, err)

    def test_wrong_command_lines(self):
        code, _, err = self.run_program(PROGRAM, "--config", "/no/such/file.json")
        self.assertEqual(code, 2)
        self.assertIn("/no/such/file.json cannot be read: No such file or directory", err)
        code, _, err = self.run_program(PROGRAM, "--set", "listeners.tcp.default.bind")
        self.assertEqual(code, 2)
        self.assertIn("expected KEY=VALUE", err)
        self.assertEqual(self.run_program(PROGRAM, "--no-such-option")[0], 2)

    def test_the_printed_configuration_is_valid(self):
        code, out, _ = self.run_program(PROGRAM, "print-config", "--defaults")
        self.assertEqual(code, 0)
        code, again, err = self.run_program(PROGRAM, "check-config", "--config", self.file(out))
        self.assertEqual((code, again), (0, "the configuration is valid"), err)
        code, schema, _ = self.run_program(PROGRAM, "print-config", "--schema")
        self.assertEqual(code, 0)
        self.assertIn("listeners", json.loads(schema)["properties"])

    def test_signals_end_it_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            broker = self.broker("node.shards=2")
            clients = [socket.create_connection((HOST, port)) for port in (broker.tcp, broker.ws) * 5]
            sub = self.subscribe(broker, "-t", "x")
            broker.signal(number)
            self.assertEqual(broker.wait(), 0)
            self.assertTrue(broker.log_has("stopped"))
            for client in clients:
                client.settimeout(10)
                self.assertEqual(client.recv(100), b"")
                client.close()
            sub.kill()

    def test_the_port_is_free_after_the_end(self):
        broker = self.broker()
        self.publish(broker, "x", "y", "-q", 1)
        self.assertEqual(terminate(broker), 0)
        again = self.broker(f"listeners.tcp.default.bind={HOST}:{broker.tcp}")
        self.publish(again, "x", "y", "-q", 1)


if __name__ == "__main__":
    unittest.main()
