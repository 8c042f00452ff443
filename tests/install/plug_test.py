#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A broker outside of this tree: installs the plug's part into a temporary prefix, builds against it, runs what came out.

usage: plug_test.py CMAKE BUILD_FOLDER SOURCE_FOLDER C_COMPILER CXX_COMPILER ORRERY_SIM PLUG ...
The C broker is the example of docs/broker-plug.md as it stands there.
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

CMAKE, BUILD, SOURCE, CC, CXX, SIM = sys.argv[1:7]
PLUGS = sys.argv[7:]
LIMIT_SECONDS = 120

PROJECT = """cmake_minimum_required(VERSION 3.25)
project(outside LANGUAGES C CXX)
find_package(orrery 0.1 REQUIRED)
set(CMAKE_C_STANDARD 11)
set(CMAKE_CXX_STANDARD 17)
add_compile_options(-Wall -Wextra -Wpedantic -Werror)
add_library(hang_up MODULE hang_up.c)
target_link_libraries(hang_up PRIVATE orrery::plug)
add_library(refuses MODULE refuses.cc)
target_link_libraries(refuses PRIVATE orrery::plug)
"""
# With something of the standard library in it that a compiler would show to everybody, and a function of its own.
REFUSES = """#include <orrery/plug/abi.h>

#include <string>
#include <vector>

std::string why(const std::vector<std::string>& words) { return words.at(0) + " " + words.at(1); }

namespace {
orrery_node* create(const orrery_setup*, char* error, size_t size) {
  if (size > 0) error[why({"not", "today"}).copy(error, size - 1)] = 0;
  return nullptr;
}
void destroy(orrery_node*) {}
void link_open(orrery_node*, uint16_t, int64_t, const orrery_link*) {}
void bytes(orrery_node*, uint16_t, int64_t, uint32_t, uint8_t*, size_t) {}
void link_closed(orrery_node*, uint16_t, int64_t, uint32_t) {}
}  // namespace

extern "C" const orrery_broker* orrery_broker_v2(void) {
  static const orrery_broker table = [] {
    orrery_broker t{};
    t.size = sizeof t;
    t.abi_version = ORRERY_ABI_VERSION;
    t.name = "refuses";
    t.create = create;
    t.destroy = destroy;
    t.link_open = link_open;
    t.bytes = bytes;
    t.link_closed = link_closed;
    return t;
  }();
  return &table;
}
"""
SCENARIO = """{"name": "one", "nodes": [{"name": "node"}],
  "phases": {"connects_per_second": 100, "settle": "1s", "steady": "2s", "drain": "1s"},
  "crowd": [{"name": "p", "pairs": 2, "every": "1s", "transport": "tcp"}]}"""


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False, **more)


def shown(path):
    """The symbols that a shared object shows."""
    out = run("nm", "-D", "--defined-only", path)
    return sorted(line.split()[-1].split("@")[0] for line in out.stdout.split("\n") if line and " A " not in line)


class PlugTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.prefix = os.path.join(cls.folder.name, "prefix")
        project = os.path.join(cls.folder.name, "project")
        os.mkdir(project)
        with open(os.path.join(SOURCE, "docs", "broker-plug.md"), encoding="utf-8") as f:
            examples = re.findall(r"^```c\n(.*?)^```$", f.read(), re.MULTILINE | re.DOTALL)
        assert len(examples) == 1, "the document has one example in C"
        for name, text in (("CMakeLists.txt", PROJECT), ("hang_up.c", examples[0]), ("refuses.cc", REFUSES), ("one.json", SCENARIO)):
            with open(os.path.join(project, name), "w", encoding="utf-8") as f:
                f.write(text)
        cls.built, cls.scenario = os.path.join(project, "build"), os.path.join(project, "one.json")
        for command in ((CMAKE, "--install", BUILD, "--prefix", cls.prefix, "--component", "plug"),
                        (CMAKE, "-G", "Ninja", "-S", project, "-B", cls.built, "-DCMAKE_PREFIX_PATH=" + cls.prefix,
                         "-DCMAKE_C_COMPILER=" + CC, "-DCMAKE_CXX_COMPILER=" + CXX),
                        (CMAKE, "--build", cls.built)):
            done = run(*command)
            assert done.returncode == 0, " ".join(command) + "\n" + done.stdout + done.stderr

    def plug(self, name):
        return os.path.join(self.built, "lib%s.so" % name)

    def test_nothing_of_this_tree_is_needed(self):
        found = [os.path.relpath(os.path.join(folder, name), self.prefix) for folder, _, names in os.walk(self.prefix) for name in names]
        self.assertIn("include/orrery/plug/abi.h", found)
        for name in found:
            with open(os.path.join(self.prefix, name), encoding="utf-8") as f:
                text = f.read()
            self.assertNotIn(os.path.realpath(SOURCE), text, name)
            self.assertNotIn(os.path.realpath(BUILD), text, name)

    def test_plugs_show_one_symbol(self):
        for path in [self.plug("hang_up"), self.plug("refuses")] + PLUGS:
            with self.subTest(path):
                symbols = shown(path)
                self.assertEqual(len(symbols), 1, symbols)
                self.assertRegex(symbols[0], r"^orrery_broker_v\d$")

    def test_the_documents_example_runs(self):
        done = run(SIM, "run", self.scenario, "--broker", self.plug("hang_up"))
        self.assertIn(done.returncode, (3, 4), done.stdout + done.stderr)
        self.assertIn("hang-up", done.stdout + done.stderr)

    def test_a_refusal_in_words(self):
        done = run(SIM, "run", self.scenario, "--broker", self.plug("refuses"))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("not today", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
