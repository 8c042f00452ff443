#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of layering.py against small trees that break each of them once, and one that breaks none."""
import contextlib
import io
import os
import tempfile
import unittest

import layering

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"

CLEAN = {
    "ARCHITECTURE.md": "`base` `broker/base` `broker/mqtt` `broker/routing` `broker/runtime_asio` `sim` `load`\n",
    "broker/README.md": "r\n",
    "broker/CMakeLists.txt": "# SPDX-License-Identifier: Apache-2.0\n",
    "broker/base/README.md": "r\n",
    "base/README.md": "r\n",
    "base/types.h": SPDX + "#pragma once\n#include <vector>\n",
    "broker/mqtt/README.md": "r\n",
    "broker/mqtt/topic.h": SPDX + '#pragma once\n#include "base/types.h"\n',
    "broker/mqtt/topic_test.cc": SPDX + "#include <thread>\n#include <random>\n",
    "broker/routing/README.md": "r\n",
    "broker/routing/table.cc": SPDX
    + '#include "broker/mqtt/topic.h"\n'
    + "// #include <thread>: time(nullptr) in a comment is prose\n"
    + 'const char* kText = "rand() and std::hash";\nint at = clock.time(0) + 1\'000\'000;\n',
    "broker/runtime_asio/README.md": "r\n",
    "broker/runtime_asio/loop.cc": SPDX + "#include <chrono>\n#include <boost/asio/io_context.hpp>\n",
    "sim/README.md": "r\n",
    "sim/abi.h": "/* SPDX-License-Identifier: Apache-2.0 */\n#ifndef ABI_H\n#define ABI_H\n#ifdef __cplusplus\n#endif\n#endif\n",
    "sim/app/README.md": "r\n",
    "sim/app/main.cc": SPDX + "#include <fstream>\n",
    "sim/app/run.sh": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n",
}


class LayeringTest(unittest.TestCase):
    def check(self, changes):
        """Exit code and output for the clean tree with some files replaced (None: removed)."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**CLEAN, **changes}.items():
                if text is None:
                    continue
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as f:
                    f.write(text)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                code = layering.main([root])
            return code, out.getvalue()

    def expect(self, path, text, violation):
        code, out = self.check({path: text})
        self.assertEqual(code, 1, out)
        self.assertIn(violation, out)
        self.assertIn(", 1 violations", out)

    def test_clean_tree(self):
        code, out = self.check({})
        self.assertEqual(code, 0, out)
        self.assertIn(" 0 violations", out)

    def test_arrow_up(self):
        self.expect("broker/mqtt/topic.cc", SPDX + '\n#include "broker/routing/table.cc"\n',
                    "broker/mqtt/topic.cc:3: broker/mqtt must not include broker/routing")

    def test_arrow_up_in_a_test(self):
        self.expect("broker/mqtt/topic_test.cc", SPDX + '#include "broker/routing/table.cc"\n', "must not include broker/routing")

    def test_what_tests_alone_may_include(self):
        openssl = {"broker/openssl/README.md": "r\n", "broker/openssl/digest.h": SPDX + "#pragma once\n",
                   "broker/auth/README.md": "r\n",
                   "ARCHITECTURE.md": CLEAN["ARCHITECTURE.md"] + "`broker/auth` `broker/openssl`\n"}
        include = SPDX + '#include "broker/openssl/digest.h"\n'
        self.assertEqual(self.check({**openssl, "broker/auth/gate_test.cc": include})[0], 0)
        code, out = self.check({**openssl, "broker/auth/gate.cc": include})
        self.assertEqual(code, 1)
        self.assertIn("broker/auth/gate.cc:2: broker/auth must not include broker/openssl", out)

    def test_what_a_single_file_may_include(self):
        codec = {"broker/websocket/README.md": "r\n", "broker/websocket/frame.h": SPDX + "#pragma once\n",
                 "conformance/driver/README.md": "r\n",
                 "ARCHITECTURE.md": CLEAN["ARCHITECTURE.md"] + "`broker/websocket` `conformance`\n"}
        include = SPDX + '#include "broker/websocket/frame.h"\n'
        self.assertEqual(self.check({**codec, "conformance/driver/echo_node.cc": include})[0], 0)
        code, out = self.check({**codec, "conformance/driver/sim.cc": include})
        self.assertEqual(code, 1)
        self.assertIn("conformance/driver/sim.cc:2: conformance must not include broker/websocket", out)

    def test_sideways(self):
        self.expect("sim/crowd.cc", SPDX + '#include "broker/mqtt/topic.h"\n', "sim must not include broker/mqtt")

    def test_layer_without_a_row(self):
        code, out = self.check({"broker/extra/a.h": SPDX + "#pragma once\n", "broker/extra/README.md": "r\n"})
        self.assertEqual(code, 1)
        self.assertIn("broker/extra:1: not in the table", out)

    def test_architecture_does_not_name_the_layer(self):
        self.expect("ARCHITECTURE.md", CLEAN["ARCHITECTURE.md"].replace("`sim`", "sim"), "does not name the layer sim")

    def test_banned_includes(self):
        for name in ("chrono", "thread", "mutex", "fstream", "filesystem", "random", "ctime", "unordered_map", "unordered_set",
                     "sys/socket.h", "boost/asio/ip/tcp.hpp"):
            with self.subTest(name):
                self.expect("broker/routing/a.cc", SPDX + "#include <%s>\n" % name,
                            "broker/routing/a.cc:2: the core must not include <%s>" % name)
                self.expect("sim/a.h", SPDX + "#pragma once\n # include <%s>\n" % name, "sim/a.h:3: the core must not")

    def test_banned_calls(self):
        for call in ("std::hash<int>{}(1)", "time(nullptr)", "std::time(0)", "rand()", "std::rand()", "srand(1)",
                     "std::shuffle(a, b, c)", "std::uniform_int_distribution<int> d(1, 2)", "thread_local int x",
                     'fopen("a", "b")', "clock_gettime(CLOCK_MONOTONIC, &t)"):
            with self.subTest(call):
                self.expect("broker/base/a.cc", SPDX + "int f() {\n  %s;\n}\n" % call, "broker/base/a.cc:3: ")

    def test_spdx(self):
        for path in ("broker/base/a.cc", "sim/app/tool.py", "sim/app/run.sh", "broker/base/CMakeLists.txt", "sim/app/x.cmake"):
            with self.subTest(path):
                self.expect(path, "# prose\n", path + ":1: the first line")
                self.expect(path, "\n# SPDX-License-Identifier: Apache-2.0\n", path + ":1: the first line")

    def test_pragma_once(self):
        self.expect("broker/base/a.h", SPDX + "#ifndef A\n#define A\n#endif\n", "a header needs #pragma once")

    def test_leftovers(self):
        for word in ("TO" "DO", "FIX" "ME", "XX" "X"):
            with self.subTest(word):
                self.expect("broker/base/a.cc", SPDX + "// %s: later\n" % word, "broker/base/a.cc:2: left over")
                self.expect("broker/base/README.md", "%s\n" % word, "left over")

    def test_length(self):
        code, out = self.check({"broker/base/a.cc": SPDX + "\n" * 600})
        self.assertEqual(code, 0)
        self.assertIn("long: broker/base/a.cc: 601 lines", out)
        self.expect("broker/base/a.cc", SPDX + "\n" * 800, "801 lines: at most 800")

    def test_readme(self):
        self.expect("base/README.md", None, "base:1: a folder with sources needs a README.md")


if __name__ == "__main__":
    unittest.main()
