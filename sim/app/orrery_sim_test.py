#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""orrery-sim as a program: first lines, JSON against its schema, --check, exit codes, what it says about bad input.

usage: orrery_sim_test.py ORRERY_SIM SMALL_BROKER BROKEN_BROKER VERSION1_BROKER SOURCE_FOLDER
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SMALL, BROKEN, VERSION1, SOURCE = sys.argv[1:6]
LIMIT_SECONDS = 120

ONE_NODE = """{
  "name": "one", "nodes": [{"name": "node", "ram": "1GiB"}],
  "phases": {"connects_per_second": 200, "settle": "1s", "steady": "10s", "drain": "2s"},
  "crowd": [{"name": "p", "pairs": 20, "every": "500ms", "qos": [0, 1, 2]}]
}"""


def check_schema(value, schema, root, path="report"):
    """The part of JSON Schema that the report's schema uses."""
    if "$ref" in schema:
        check_schema(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, path)
    if "enum" in schema:
        assert value in schema["enum"], path
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "number": (int, float)}
    if "type" in schema:
        assert isinstance(value, kinds[schema["type"]]), f"{path} is no {schema['type']}"
    if "pattern" in schema:
        assert re.search(schema["pattern"], value), path
    if isinstance(value, (int, float)):
        assert schema.get("minimum", value) <= value <= schema.get("maximum", value), path
    for key in schema.get("required", []):
        assert key in value, f"{path}.{key} is missing"
    if isinstance(value, dict):
        others = schema.get("additionalProperties", True)
        for key, member in value.items():
            inner = schema.get("properties", {}).get(key, others)
            assert inner is not False, f"{path}.{key} is not in the schema"
            if isinstance(inner, dict):
                check_schema(member, inner, root, f"{path}.{key}")
    if isinstance(value, list) and "items" in schema:
        for i, member in enumerate(value):
            check_schema(member, schema["items"], root, f"{path}[{i}]")


class OrrerySim(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.one = self.write("one.json", ONE_NODE)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_sim(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)

    def report(self, *arguments, code=0):
        path = os.path.join(self.folder, "report.json")
        done = self.run_sim("run", *arguments, "--quiet", "--json", path)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        with open(path, encoding="utf-8") as file:
            return json.load(file), done

    def test_the_full_broker_passes_and_the_document_fits_its_schema(self):
        report, done = self.report(os.path.join(SOURCE, "scenarios/seed-2m.json"), "--scale", "1/10000", "--placement", "random")
        with open(os.path.join(SOURCE, "schema/run-report.schema.json"), encoding="utf-8") as file:
            schema = json.load(file)
        check_schema(report, schema, schema)
        self.assertEqual(report["verdict"], "pass")
        self.assertEqual((report["lost"], report["duplicated"], report["reordered"]), (0, 0, 0))
        self.assertEqual(report["connections"], 200)
        self.assertEqual(report["messages_out_per_second"], 10)
        self.assertGreater(report["cross_node_share"], 0.5)
        self.assertEqual([n["name"] for n in report["nodes"]], ["core1", "core2", "replicant1", "replicant2", "replicant3", "replicant4"])
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "seed 2000")
        self.assertRegex(lines[1], "^commit ")
        self.assertRegex(lines[2], "^scenario seed-2m, scale 1/10000")
        self.assertRegex(lines[3], "^options placement random, queue wheel, broker orrery, ")
        self.assertRegex(lines[4], "^cost table .")
        self.assertIn(report["run_hash"], done.stdout)

    def test_both_queues_and_a_second_run_are_the_same(self):
        wheel, done = self.report(self.one, "--check", "--seed", "9")
        self.assertIn("the second run is the same", done.stdout)
        heap, _ = self.report(self.one, "--queue", "heap", "--seed", "9")
        self.assertEqual(wheel["run_hash"], heap["run_hash"])
        self.assertEqual(wheel["events"], heap["events"])
        other, _ = self.report(self.one, "--seed", "10")
        self.assertNotEqual(wheel["run_hash"], other["run_hash"])

    def test_the_small_broker_runs_in_place_of_the_full_one(self):
        report, _ = self.report(self.one, "--broker", SMALL)
        self.assertEqual(report["broker"], "small-broker")
        self.assertEqual(report["verdict"], "pass")

    def test_a_broken_invariant_is_3_and_the_replay_command_works(self):
        report, done = self.report(self.one, "--broker", BROKEN, "--broker-options", "qos2-twice", code=3)
        self.assertEqual(report["verdict"], "invariant broken")
        self.assertGreater(report["rules"]["qos2_exactly_once"]["violations"], 0)
        self.assertIn("BROKEN qos2_exactly_once", done.stdout)
        replay = done.stdout.split("replay: ")[1].splitlines()[0].split()
        self.assertEqual(replay[:2], ["orrery-sim", "run"])
        again = self.run_sim(*replay[1:])
        self.assertEqual(again.returncode, 3)
        self.assertIn(report["run_hash"], again.stdout)

    def test_what_does_not_come_back_is_4(self):
        dead = ONE_NODE.replace('"qos": [0, 1, 2]}]', '"qos": 0}], "faults": {"plan": [{"at": "1s", "kind": "crash", "node": "node"}]},'
                                ' "expect": {"lost_in_faults_max": 100000}')
        report, _ = self.report(self.write("dead.json", dead), code=4)
        self.assertEqual(report["verdict"], "liveness failed")

    def test_a_run_that_is_not_deterministic_is_5(self):
        done = self.run_sim("run", self.one, "--quiet", "--check", "--broker", BROKEN, "--broker-options", "remembers")
        self.assertEqual(done.returncode, 5, done.stdout)
        self.assertIn("NOT DETERMINISTIC", done.stdout)
        self.assertIn("first divergent event", done.stdout)

    def test_a_crash_is_6_and_says_how_to_repeat_it(self):
        done = self.run_sim("run", self.one, "--quiet", "--broker", BROKEN, "--broker-options", "crashes")
        self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
        self.assertIn("crashed; replay: orrery-sim run", done.stderr)

    def test_a_broker_that_says_that_it_died_is_6_with_its_last_words(self):
        json_file = os.path.join(self.folder, "died.json")
        done = self.run_sim("run", self.one, "--quiet", "--broker", BROKEN, "--broker-options", "dies", "--json", json_file)
        self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"DIED at \d+\.\d{6} s: node, status 134: assertion failed: deliver\n")
        self.assertIn("replay: orrery-sim run", done.stdout)
        with open(json_file, encoding="utf-8") as f:
            report = json.load(f)
        self.assertEqual(report["verdict"], "broker died")
        self.assertEqual([d["what"] for d in report["deaths"]], ["node, status 134: assertion failed: deliver"])

    def test_a_broker_of_version_1_still_runs(self):
        done = self.run_sim("run", self.one, "--quiet", "--broker", VERSION1)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)  # it hangs up on SUBSCRIBE: nothing is published
        self.assertIn("broker hang-up", done.stdout)
        done = self.run_sim("run", self.one, "--quiet", "--broker", VERSION1, "--broker-options", "no")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("takes no options", done.stderr)

    def test_a_trace_shows_the_events_asked_for(self):
        done = self.run_sim("run", self.one, "--quiet", "--trace", "10:13")
        lines = [line for line in done.stdout.splitlines() if line.startswith("event ")]
        self.assertEqual([line.split()[1] for line in lines], ["10", "11", "12"])

    def test_progress_goes_to_standard_error(self):
        done = self.run_sim("run", self.one)
        self.assertIn("one [====", done.stderr)
        self.assertNotIn("[====", done.stdout)

    def test_bad_input_is_2_with_one_sentence(self):
        two_nodes = ONE_NODE.replace('[{"name": "node", "ram": "1GiB"}]', '[{"name": "node", "count": 2}]')
        cases = [
            (["run", "/nowhere.json"], "orrery-sim: cannot read the scenario file '/nowhere.json'"),
            (["run", self.write("bad.json", '{"name": "x", "nodez": []}')], "bad.json:1: nodez: unknown key; did you mean \"nodes\"?"),
            (["run", self.one, "--scale", "1/0"], "--scale '1/0' is neither a number nor a fraction such as 1/20"),
            (["run", self.one, "--trace", "9"], "--trace '9' is not FROM:TO"),
            (["run", self.one, "--broker", "/nowhere.so"], "cannot load the broker '/nowhere.so'"),
            (["run", self.one, "--broker", BROKEN], "refuses: the broken broker needs a defect's name as its option: qos0-twice,"),
            (["run", self.write("two.json", two_nodes), "--broker", SMALL], "refuses: the small broker runs alone"),
            (["run", self.one, "--broker-options", "x"], "--broker-options is for a broker that --broker loads"),
            (["run", self.one, "--json", "/nowhere/x.json"], "cannot write the file '/nowhere/x.json'"),
            (["run", self.one, "--queue", "list"], "--queue"),
            (["run"], "scenario is required"),
            (["walk"], ""),
        ]
        for arguments, sentence in cases:
            done = self.run_sim(*arguments)
            self.assertEqual(done.returncode, 2, (arguments, done.stdout, done.stderr))
            self.assertIn(sentence, done.stderr)
            self.assertNotIn("seed", done.stdout, "nothing is started")

    def test_version(self):
        done = self.run_sim("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^orrery-sim \d+\.\d+\.\d+ \S+\n$")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
