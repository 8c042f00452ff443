#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""format.py, storage.py, tidy.py and comments.py against files that break their rule, and against some that do not: programs_test.py COMPILER."""
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import comments
import format as format_check
import storage
import tidy

COMPILER = "c++"


def run(main, arguments):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main(arguments)
    return code, out.getvalue()


class FormatTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        self.write(".clang-format", "BasedOnStyle: Google\n")

    def write(self, name, text):
        with open(os.path.join(self.root, name), "w", encoding="utf-8") as f:
            f.write(text)

    def test_names_what_would_change(self):
        self.write("good.cc", "int f() { return 1; }\n")
        self.assertEqual(run(format_check.main, [self.root])[0], 0)
        self.write("bad.cc", "int f() { return 1; }\nint  g(){return 2;}\n")
        self.write("worse.h", "int  g();\n")
        code, out = run(format_check.main, [self.root])
        self.assertEqual(code, 1)
        self.assertIn("bad.cc:2: not as clang-format-19 leaves it\n", out)
        self.assertIn("worse.h:1: not", out)
        self.assertIn("clang-format-19 -i bad.cc worse.h\n", out)
        self.assertIn("3 files, 2 not as", out)

    def test_without_the_program(self):
        self.write("good.cc", "int f() { return 1; }\n")
        with mock.patch.dict(os.environ, {"PATH": self.root}):
            code, out = run(format_check.main, [self.root])
        self.assertEqual(code, 1)
        self.assertIn("clang-format-19 is not installed: ci/install", out)

    def test_nothing_to_look_at_is_no_success(self):
        self.assertEqual(run(format_check.main, [self.root])[0], 1)


class StorageTest(unittest.TestCase):
    def check(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.o")
            subprocess.run([COMPILER, "-std=c++20", "-O0", "-c", "-x", "c++", "-", "-o", path], input=text, text=True, check=True)
            return run(storage.main, [path])

    def test_constants_are_fine(self):
        code, out = self.check("#include <string>\nnamespace a { constexpr int kOne = 1; const char* const kText = \"x\"; }\n"
                               "struct S { virtual ~S() = default; }; S* f() { static const int table[] = {1, 2}; return new S[table[1]]; }\n"
                               "std::string g() { return \"x\"; } void h() { throw 1; }\n")
        self.assertEqual((code, out), (0, "1 libraries, 0 variables that can be written to\n"))

    def test_each_way_to_keep_state(self):
        for text, name in (("int g;", "g is in .bss"), ("namespace a { int g = 1; }", "a::g is in .data"),
                           ("namespace { int g = 1; } int* f() { return &g; }", "(anonymous namespace)::g is in .data"),
                           ("int f() { static int n = 0; return ++n; }", "f()::n is in .bss"),
                           ("struct S { static inline int n = 0; }; int f() { return ++S::n; }", "S::n is in .bss"),
                           ("template <typename T> T of = T(); int f() { return ++of<int>; }", "of<int> is in .bss"),
                           ("#define STATE(x) int state_##x\nSTATE(a);", "state_a is in .bss"),
                           ("struct T { T(int); int x; }; T t(3);", "t is in .bss"),
                           ("thread_local int t = 1;", "t is in .tdata"),
                           ("struct T { T(); ~T(); }; const T& f() { static const T made; return made; }", "f()::made is in .bss")):
            with self.subTest(text):
                code, out = self.check(text + "\n")
                self.assertEqual(code, 1)
                self.assertIn(name, out)

    def test_no_library_is_no_success(self):
        self.assertEqual(run(storage.main, [])[0], 1)


class TidyTest(unittest.TestCase):
    def check(self, text, *folders):
        with tempfile.TemporaryDirectory() as root:
            shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".clang-tidy"), root)
            for name, content in (("a.cc", text), ("a_test.cc", text)):
                with open(os.path.join(root, name), "w", encoding="utf-8") as f:
                    f.write(content)
            with open(os.path.join(root, "compile_commands.json"), "w", encoding="utf-8") as f:
                json.dump([{"directory": root, "file": os.path.join(root, name), "command": "%s -std=c++20 -c %s" % (COMPILER, name)}
                           for name in ("a.cc", "a_test.cc")], f)
            return run(tidy.main, [root, root, "--no-tests"] + list(folders))

    def test_what_it_finds(self):
        for text, check in (("#include <string>\n#include <utility>\nvoid eat(std::string);\n"
                             "std::size_t f(std::string s) { eat(std::move(s)); return s.size(); }\n", "bugprone-use-after-move"),
                            ("#include <string>\n#include <string_view>\nstd::string_view f() { return std::string(\"long enough\"); }\n",
                             "bugprone-dangling-handle"),
                            ("#include <string>\n#include <vector>\nstd::size_t f(const std::vector<std::string>& v) {\n"
                             "  std::size_t n = 0;\n  for (const auto s : v) n += s.size();\n  return n;\n}\n",
                             "performance-for-range-copy"),
                            ("int f(\n", "expected")):
            with self.subTest(check):
                code, out = self.check(text)
                self.assertEqual(code, 1, out)
                self.assertIn("a.cc:", out)
                self.assertIn(check, out)

    def test_nothing_to_say(self):
        self.assertEqual(self.check("int f() { return 1; }\n"), (0, "1 sources, 0 findings\n"))

    def test_nothing_to_look_at_is_no_success(self):
        self.assertEqual(self.check("int f() { return 1; }\n", "elsewhere")[0], 1)

    def test_without_the_program(self):
        with mock.patch.dict(os.environ, {"PATH": "/nowhere"}):
            code, out = run(tidy.main, ["/", "/"])
        self.assertEqual(code, 1)
        self.assertIn("clang-tidy-19 is not installed: ci/install", out)


class CommentsTest(unittest.TestCase):
    def test_words_are_carried_on(self):
        long, over = "x" * 60 + " " + "y" * 47, "zz zzzzzzzzzz"
        for before, after, left in (
                (["// %s %s" % (long, over), "// more"], ["// %s zz" % long, "// zzzzzzzzzz more"], []),
                (["  /// %s %s" % (long, over), "  int a;"], ["  /// %s zz" % long, "  /// zzzzzzzzzz", "  int a;"], []),
                (["// - %s %s" % (long, over), "// - b"], ["// - %s zz" % long, "//   zzzzzzzzzz", "// - b"], []),
                (["// kOne  %s %s" % (long, over), "// kTwo  b"], ["// kOne  %s zz" % long, "//       zzzzzzzzzz", "// kTwo  b"], []),
                (["// " + "-" * 130], ["// " + "-" * 117], []),
                (["//   f(a);  b  // %s %s" % (long, over)], ["//   f(a);  b  // %s %s" % (long, over)], [1]),
                (["int a;  // %s %s" % (long, over)], ["int a;  // %s %s" % (long, over)], [1]),
                (["// " + "u" * 130], ["// " + "u" * 130], [1])):
            with self.subTest(before):
                self.assertEqual(comments.wrap(before), (after, left))


if __name__ == "__main__":
    COMPILER = sys.argv.pop(1) if len(sys.argv) > 1 else COMPILER
    unittest.main()
