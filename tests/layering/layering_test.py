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
    "ARCHITECTURE.md": "`base` `broker/base` `broker/mqtt` `broker/routing` `broker/runtime_asio` `load`\n",
    "broker/README.md": "r\n",
    "broker/CMakeLists.txt": "# SPDX-License-Identifier: Apache-2.0\n",
    "broker/base/README.md": "r\n",
    "base/README.md": "r\n",
    "base/types.h": SPDX + "#pragma once\n#include <vector>\nconst int* const kNothing = nullptr;\n"
    + "#define TWO \\\n  2\nstruct T { static constexpr int kOne = 1; int f() { static const int a = 1; return a; } };\n",
    "broker/mqtt/README.md": "r\n",
    "broker/mqtt/topic.h": SPDX + '#pragma once\n#include "base/types.h"\n#include <boost/beast/http/basic_parser.hpp>\n',
    "broker/mqtt/topic_test.cc": SPDX + "#include <thread>\n#include <random>\n",
    "broker/routing/README.md": "r\n",
    "broker/routing/table.h": SPDX + "#pragma once\n",
    "broker/routing/table.cc": SPDX
    + '#include "broker/mqtt/topic.h"\n'
    + "// #include <thread>: time(nullptr) in a comment is prose\n"
    + 'const char* const kText = "rand() and std::hash";\nconst int kAt = clock.time(0) + 1\'000\'000;\n',
    "broker/runtime_asio/README.md": "r\n",
    "broker/runtime_asio/loop.cc": SPDX + "#include <chrono>\n#include <boost/asio/io_context.hpp>\n",
    "sim/README.md": "`kernel` `app/`\n",
    "sim/kernel/README.md": "r\n",
    "sim/kernel/abi.h": "/* SPDX-License-Identifier: Apache-2.0 */\n#ifndef ABI_H\n#define ABI_H\n#ifdef __cplusplus\n#endif\n#endif\n",
    "sim/app/README.md": "r\n",
    "sim/app/main.cc": SPDX + "#include <fstream>\n#include <iostream>\nint calls = 0;\n",
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
        self.expect("broker/mqtt/topic.cc", SPDX + '\n#include "broker/routing/table.h"\n',
                    "broker/mqtt/topic.cc:3: broker/mqtt must not include broker/routing")

    def test_arrow_up_in_a_test(self):
        self.expect("broker/mqtt/topic_test.cc", SPDX + '#include "broker/routing/table.h"\n', "must not include broker/routing")

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
                 "conformance/README.md": "`driver/`\n",
                 "ARCHITECTURE.md": CLEAN["ARCHITECTURE.md"] + "`broker/websocket`\n"}
        include = SPDX + '#include "broker/websocket/frame.h"\n'
        self.assertEqual(self.check({**codec, "conformance/driver/echo_node.cc": include})[0], 0)
        code, out = self.check({**codec, "conformance/driver/sim.cc": include})
        self.assertEqual(code, 1)
        self.assertIn("conformance/driver/sim.cc:2: conformance/driver must not include broker/websocket", out)

    def test_sideways(self):
        self.expect("sim/kernel/a.cc", SPDX + '#include "broker/mqtt/topic.h"\n', "sim/kernel must not include broker/mqtt")

    def test_layer_without_a_row(self):
        code, out = self.check({"broker/extra/a.h": SPDX + "#pragma once\n", "broker/extra/README.md": "r\n"})
        self.assertEqual(code, 1)
        self.assertIn("broker/extra:1: not in the table", out)

    def test_a_readme_does_not_name_the_layer(self):
        self.expect("ARCHITECTURE.md", CLEAN["ARCHITECTURE.md"].replace("`load`", "load").replace("`broker/mqtt`", ""),
                    "ARCHITECTURE.md:1: does not name the layer broker/mqtt")
        self.expect("sim/README.md", "`kernel` app\n", "sim/README.md:1: does not name the layer sim/app")

    def test_inversion_inside_a_folder(self):
        scenario = {"sim/scenario/README.md": "r\n", "sim/scenario/run.h": SPDX + "#pragma once\n",
                    "sim/README.md": "`kernel` `app` `scenario`\n"}
        code, out = self.check({**scenario, "sim/kernel/a.cc": SPDX + '#include "sim/scenario/run.h"\n'})
        self.assertEqual(code, 1)
        self.assertIn("sim/kernel/a.cc:2: sim/kernel must not include sim/scenario", out)
        self.assertEqual(self.check({**scenario, "sim/app/a.cc": SPDX + '#include "sim/scenario/run.h"\n'})[0], 0)
        cases = {"conformance/cases/README.md": "r\n", "conformance/driver/README.md": "r\n",
                 "conformance/README.md": "`cases` `driver`\n", "conformance/cases/case.h": SPDX + "#pragma once\n"}
        code, out = self.check({**cases, "conformance/driver/a.h": SPDX + '#pragma once\n#include "conformance/cases/case.h"\n'})
        self.assertEqual(code, 1)
        self.assertIn("conformance/driver/a.h:3: conformance/driver must not include conformance/cases", out)

    def test_circle(self):
        load = {"load/README.md": "r\n", "load/a.h": SPDX + "#pragma once\n", "load/a.cc": SPDX + '#include "load/b.h"\n',
                "load/b.h": SPDX + '#pragma once\n#include "load/c.h"\n', "load/c.h": SPDX + "#pragma once\n"}
        self.assertEqual(self.check(load)[0], 0)
        code, out = self.check({**load, "load/c.cc": SPDX + '#include "load/a.h"\n'})
        self.assertEqual(code, 1)
        self.assertIn("load:1: includes in a circle: load/a -> load/b -> load/c -> load/a", out)
        self.assertIn(", 1 violations", out)

    # How an #include may be written, so that no rule can be walked around.
    def test_spellings_of_an_include(self):
        for line, violation in (
                ("#include <broker/routing/table.h>", '"broker/routing/table.h" is a file of this tree'),
                ("#include <broker/routing/table.h>", "broker/mqtt must not include broker/routing"),
                ('#include "../routing/table.h"', 'no "." and no ".."'),
                ('#include "../routing/table.h"', "broker/mqtt must not include broker/routing"),
                ('#  include "broker/routing/table.h"', "broker/mqtt must not include broker/routing"),
                ('%:include "broker/routing/table.h"', "broker/mqtt must not include broker/routing"),
                ('#/* */include/* */"broker/routing/table.h"', "broker/mqtt must not include broker/routing"),
                ('#include "./topic.h"', 'no "." and no ".."'),
                ('#include "topic.h"', 'is a file of this tree: write #include "broker/mqtt/topic.h"'),
                ('#include "chrono"', '"chrono" is no file of this tree'),
                ('#include "chrono"', "must not include <chrono>"),
                ("#include <../include/chrono>", 'no "." and no ".."'),
                ("#include </usr/include/time.h>", 'no "/" in front'),
                ('#define CLOCK <chrono>\n#include CLOCK', "no macro"),
                ("#include_next <chrono>", "no #include_next"),
                ("import <chrono>;", "no module"),
                ("#inc\\\nlude <chrono>", "a line goes on behind a backslash"),
                ('#include "broker/routing/table.cc"', "an #include is of a header"),
                ('#include "broker/routing/table.inc"', "an #include is of a header")):
            with self.subTest(line):
                code, out = self.check({"broker/mqtt/a.cc": SPDX + line + "\n", "broker/routing/table.inc": "#include <chrono>\n"})
                self.assertEqual(code, 1)
                self.assertIn(violation, "\n".join(l for l in out.split("\n") if l.startswith("broker/mqtt/a.cc:")))

    def test_other_names_for_sources(self):
        for ending in ("inc", "hpp", "cpp", "ipp"):
            self.expect("base/a." + ending, SPDX, "base/a.%s:1: C++ is in files named .h and .cc" % ending)

    def test_iostream(self):
        self.expect("sim/app/report.cc", SPDX + "#include <iostream>\n", "sim/app/report.cc:2: <iostream> is for")
        self.expect("sim/app/report_test.cc", SPDX + "#include <iostream>\n", "<iostream> is for")

    def test_columns(self):
        self.expect("sim/app/a.cc", SPDX + "// " + "x" * 118 + "\n", "sim/app/a.cc:2: 121 columns: at most 120")
        self.assertEqual(self.check({"sim/app/a.cc": SPDX + "// " + "\u00b5" * 117 + "\n"})[0], 0)

    # Variables of static storage that can be written to, in each place where C++ lets one be.
    def test_mutable_statics(self):
        for code in ("int count;", "int count = 0;", "static std::vector<int> all{1, 2};", 'const char* text = "x";',
                     "std::vector<const int> all;", "namespace a { namespace { bool flag = false; } }", "extern int elsewhere;",
                     "constinit int count = 0;", "inline int count = 1;", "struct { int x; } one;", "enum E { kA } last;",
                     "int row[3] = {1, 2, 3};", "template <typename T> T of = T();",
                     "struct S { static int count; };", "struct S { static inline int count = 0; };",
                     "int f() { static int count = 0; return ++count; }",
                     "struct S { int f() { static int count; return ++count; } };",
                     "struct S { S() : a{1}, b{2} { static int count; } int a, b; };",
                     "const auto f = [] { static int count = 0; return ++count; };",
                     'void f() { static const char* last = ""; }'):
            with self.subTest(code):
                self.expect("base/a.cc", SPDX + "\n%s\n" % code, "base/a.cc:3: a variable of static storage that can be written to")
                self.assertEqual(self.check({"base/a_test.cc": SPDX + code + "\n"})[0], 0)

    def test_what_is_no_mutable_static(self):
        for code in ("constexpr int kOne = 1;", "const std::vector<int> kAll{1, 2};", 'const char* const kText = "x";',
                     'extern "C" { int f(int); }', "using A = int;", "class C;", "enum class E : int { kA = 1, kB };",
                     "int f(int a, int b = 3);", "template <typename T> struct W { T x; static int make(int); };",
                     "struct T { T() : a{1}, b{2} {} int a{0}; int b = 1; };", "static_assert(sizeof(int) == 4);",
                     "bool operator==(const T& a, const T& b) { return true; }", "auto f() -> int { return 1; }",
                     "template class W<int>;", "int f() { const int a = 1; for (;;) { int b = a; } }"):
            with self.subTest(code):
                self.assertEqual(self.check({"base/a.cc": SPDX + code + "\n"})[0], 0)

    def test_banned_includes(self):
        for name in ("chrono", "thread", "mutex", "fstream", "filesystem", "random", "ctime", "unordered_map", "unordered_set",
                     "sys/socket.h", "boost/asio/ip/tcp.hpp", "boost/chrono.hpp", "boost/thread/thread.hpp", "experimental/random",
                     "bits/stdc++.h", "coroutine", "openssl/evp.h", "time.h"):
            with self.subTest(name):
                self.expect("broker/routing/a.cc", SPDX + "#include <%s>\n" % name,
                            "broker/routing/a.cc:2: the core must not include <%s>" % name)
                self.expect("sim/kernel/a.h", SPDX + "#pragma once\n # include <%s>\n" % name, "sim/kernel/a.h:3: the core must")

    def test_banned_calls(self):
        for call in ("std::hash<int>{}(1)", "time(nullptr)", "std::time(0)", "rand()", "std::rand()", "srand(1)",
                     "std::shuffle(a, b, c)", "std::uniform_int_distribution<int> d(1, 2)", "thread_local const int x = 1",
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
