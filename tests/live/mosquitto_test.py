# SPDX-License-Identifier: Apache-2.0
"""Mosquitto's clients against the broker over TCP: each QoS, wildcards, retained messages, wills, sessions that outlive
their connection, large messages, shared subscriptions."""
import unittest

from live import LiveTest, wait_for


class MosquittoTest(LiveTest):
    def setUp(self):
        self.b = self.broker("node.shards=2")

    def test_each_qos_and_version(self):
        for version in ("mqttv31", "mqttv311", "mqttv5"):
            for qos in (0, 1, 2):
                topic = f"qos/{version}/{qos}"
                sub = self.subscribe(self.b, "-V", version, "-t", topic, "-q", qos, "-C", 3)
                for i in range(3):
                    self.publish(self.b, topic, f"m{i}", "-q", qos, "-V", version)
                self.assertEqual(sub.wait(), 0)
                self.assertEqual(self.messages(sub, 3), [f"{topic} {qos} 0 m{i}" for i in range(3)])

    def test_the_lower_qos_counts(self):
        sub = self.subscribe(self.b, "-t", "low", "-q", 1, "-C", 2)
        self.publish(self.b, "low", "a", "-q", 2)
        self.publish(self.b, "low", "b", "-q", 0)
        self.assertEqual(self.messages(sub, 2), ["low 1 0 a", "low 0 0 b"])

    def test_wildcards(self):
        plus = self.subscribe(self.b, "-t", "w/+/x")
        hashed = self.subscribe(self.b, "-t", "w/#")
        for topic in ("w", "w/1/x", "w/1/y", "w/1/2/x", "v/1/x", "w/2/x"):
            self.publish(self.b, topic, "m", "-q", 1)
        self.assertEqual([m.split()[0] for m in self.messages(hashed, 5)], ["w", "w/1/x", "w/1/y", "w/1/2/x", "w/2/x"])
        self.assertEqual([m.split()[0] for m in self.messages(plus, 2)], ["w/1/x", "w/2/x"])

    def test_retained(self):
        self.publish(self.b, "kept/a", "first", "-r", "-q", 1)
        self.publish(self.b, "kept/a", "second", "-r", "-q", 1)
        self.publish(self.b, "kept/b", "other", "-r")
        sub = self.subscribe(self.b, "-t", "kept/+", "-q", 1, "-C", 2)
        self.assertEqual(sorted(self.messages(sub, 2)), ["kept/a 1 1 second", "kept/b 0 1 other"])
        clear = self.process("mosquitto_pub", "-h", "127.0.0.1", "-p", self.b.tcp, "-t", "kept/a", "-r", "-n", "-q", 1)
        self.assertEqual(clear.wait(), 0)
        again = self.subscribe(self.b, "-t", "kept/+", "-q", 1, "-C", 1)
        self.assertEqual(self.messages(again, 1), ["kept/b 0 1 other"])

    def test_a_will_is_sent_when_its_client_vanishes(self):
        watcher = self.subscribe(self.b, "-t", "wills/#", "-q", 1)
        doomed = self.subscribe(self.b, "-t", "nothing", "--will-topic", "wills/doomed", "--will-payload", "gone",
                                "--will-qos", 1)
        polite = self.subscribe(self.b, "-t", "stop", "-C", 1, "--will-topic", "wills/polite", "--will-payload", "no")
        self.publish(self.b, "stop", "now", "-q", 1)
        self.assertEqual(polite.wait(), 0)
        doomed.kill()
        self.assertEqual(self.messages(watcher, 1), ["wills/doomed 1 0 gone"])

    def test_a_session_outlives_its_connection(self):
        for version, qos in (("mqttv311", 1), ("mqttv311", 2), ("mqttv5", 1), ("mqttv5", 2)):
            expiry = ("-x", 600) if version == "mqttv5" else ()
            options = ("-i", f"keeper-{version}-{qos}", "-c", "-V", version, "-q", qos, "-t", f"session/{version}/{qos}", *expiry)
            first = self.process("mosquitto_sub", "-h", "127.0.0.1", "-p", self.b.tcp, "-E", *options)
            self.assertEqual(first.wait(), 0, first.text())
            for i in range(5):
                self.publish(self.b, f"session/{version}/{qos}", f"m{i}", "-q", qos)
            second = self.subscribe(self.b, "-C", 5, *options)
            self.assertEqual(self.messages(second, 5), [f"session/{version}/{qos} {qos} 0 m{i}" for i in range(5)])
            second.wait()

    def test_a_large_message(self):
        payload = "0123456789abcdef" * 12_000
        path = self.file(payload)
        sub = self.process("mosquitto_sub", "-h", "127.0.0.1", "-p", self.b.tcp, "-t", "large", "-C", 1, "-d", "-q", 2)
        retained = self.process("mosquitto_pub", "-h", "127.0.0.1", "-p", self.b.tcp, "-t", "large", "-f", path, "-q", 2, "-r")
        self.assertEqual(retained.wait(), 0)
        self.assertEqual(sub.wait(), 0)
        self.assertIn(payload, sub.out)

    def test_a_shared_subscription_gives_each_message_to_one(self):
        members = [self.subscribe(self.b, "-V", "mqttv5", "-t", "$share/g/work", "-q", 1) for _ in range(2)]
        for i in range(10):
            self.publish(self.b, "work", f"m{i}", "-q", 1)
        got = lambda: [line for m in members for line in m.out if line.startswith("> ")]
        wait_for(lambda: len(got()) >= 10, "all messages of the group")
        self.assertEqual(sorted(line.split()[-1] for line in got()), [f"m{i}" for i in range(10)])


if __name__ == "__main__":
    unittest.main()
