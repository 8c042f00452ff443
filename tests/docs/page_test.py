#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""page.py against small pages, and pages_test.py against pages that are wrong: each kind of lie must be seen."""
import os
import tempfile
import unittest

import page
import pages_test


class PageTest(unittest.TestCase):
    def test_steps(self):
        found = page.steps("a\n```console\n$ one  # why\nout\n$ two &\n```\n```console\nmore\n```\n```json f.json\n{}\n```\n```c\nx\n```\n", "p")
        self.assertEqual(found, [page.Command(3, "one", ["out"]), page.Command(5, "two &", ["...", "more"]), page.File(10, "f.json", "{}\n")])
        self.assertTrue(found[1].stays)

    def test_what_is_no_page(self):
        for text, error in (("```\n$ x\n```\n", "p:1: a block says its language"), ("```sh\nx\n```\n", "p:1: a block says"),
                            ("```console\n$ x\n", "p:1: the block does not end"), ("```console\nx\n```\n", "p:1: this output has no command")):
            with self.assertRaisesRegex(page.PageError, error):
                page.steps(text, "p")

    def test_agrees(self):
        for shows, output in ((["a 1,234.5 b"], "a   7 b\n"), (["x ... y"], "x 1 2 3 y\n"), (["a", "...", "z"], "a\nz\n"), (["a", "...", "z"], "a\nb\nc\nz\n"),
                              (["hash 0123456789abcdef"], "hash fedcba9876543210\n"), (["commit 5bd0c1ba72c4"], "commit 0d1ce2badead-dirty\n"),
                              (["-----  ----"], "---  ----------\n"), (["..."], ""), (["at 12:30:01.5 of (1)"], "at 9:00:00.1 of (20)\n"),
                              (["done"], "5 %\r50 %\rdone\n")):
            self.assertTrue(page.agrees(shows, output), (shows, output))
        for shows, output in ((["a"], "b\n"), (["a"], "a\nb\n"), (["a", "b"], "a\nx\nb\n"), (["1 ms"], "1 s\n"), (["a 1"], "a x\n"), (["a"], "")):
            self.assertFalse(page.agrees(shows, output), (shows, output))
        self.assertTrue(page.agrees(["b"], "a\nb\nc\n", whole=False))


class RunTest(unittest.TestCase):
    def run_page(self, text, not_run=()):
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "build"))
            with open(os.path.join(root, "P.md"), "w", encoding="utf-8") as f:
                f.write(text)
            return pages_test.check_page(root, os.path.join(root, "build"), "P.md", list(not_run))

    def test_true_pages(self):
        for text in ("```console\n$ echo 1 2\n3 4\n```\n", "```console\n$ x=5\n$ echo $x; echo b\n1\nb\n```\n",
                     "```text t.txt\nhello\n```\n```console\n$ cat t.txt\nhello\n```\n", "```console\n$ false\n$ echo $?\n1\n```\n",
                     "```console\n$ printf 'a\\nb\\nc\\n'\na\n```\n```console\nc\n```\n", "no block\n",
                     "```console\n$ sh -c 'sleep 0.3; echo late; sleep 60' &\n$ true\nlate\n```\n",
                     "```console\n$ for i in 1 2; do\n>   echo $i\n> done\n1\n2\n```\n"):
            with self.subTest(text):
                self.assertEqual(self.run_page(text), [])

    def test_lies(self):
        for text, error in (("```console\n$ echo a\nb\n```\n", "P.md:2: echo a: shows other lines"), ("```console\n$ false\n```\n", "P.md:2: false: ends with 1"),
                            ("```console\n$ echo a\na\nb\n```\n", "shows other lines"), ("```console\n$ no-such-program\n```\n", "ends with 127"),
                            ("```sh\n$ x\n```\n", "says its language")):
            with self.subTest(text):
                problems = self.run_page(text)
                self.assertEqual(len(problems), 1, problems)
                self.assertIn(error, problems[0])

    def test_commands_that_are_not_run(self):
        self.assertEqual(self.run_page("```console\n$ exit 7  # comment\nwhatever\n```\n", [("P.md", "exit 7", "ends the shell")]), [])
        self.assertIn("no page shows", "".join(self.run_page("```console\n$ true\n```\n", [("P.md", "exit 7", "ends the shell")])))

    def test_a_page_ends_what_it_started(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pid")
            self.assertEqual(self.run_page("```console\n$ sleep 300 &\n$ echo $! > %s\n```\n" % path), [])
            with open(path, encoding="utf-8") as f:
                pid = int(f.read())
            try:
                with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
                    self.assertEqual(f.read().split()[2], "Z")  # dead, and nobody has asked yet
            except FileNotFoundError:
                pass


if __name__ == "__main__":
    unittest.main()
