#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The programs, installed into a temporary prefix, are there and run: programs_test.py CMAKE BUILD_FOLDER."""
import os
import subprocess
import sys
import tempfile
import unittest

CMAKE, BUILD = sys.argv[1:3]
PROGRAMS = ["orrery-broker", "orrery-calibrate", "orrery-conformance", "orrery-load", "orrery-sim"]
LIMIT_SECONDS = 60


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)


class ProgramsTest(unittest.TestCase):
    def test_installed_programs_run(self):
        with tempfile.TemporaryDirectory() as prefix:
            done = run(CMAKE, "--install", BUILD, "--prefix", prefix)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            bin_folder = os.path.join(prefix, "bin")
            self.assertEqual(sorted(os.listdir(bin_folder)), PROGRAMS)
            for name in PROGRAMS:
                with self.subTest(name):
                    done = run(os.path.join(bin_folder, name), "--help")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn(name, done.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
