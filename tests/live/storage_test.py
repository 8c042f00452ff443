# SPDX-License-Identifier: Apache-2.0
"""The data directory: what is remembered over a stop and a kill -9, and every directory that is refused."""
import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from live import HOST, PROGRAM, LiveTest, terminate

LISTENERS = ("--set", f"listeners.tcp.default.bind={HOST}:0", "--set", "listeners.ws.default.enable=false")


class StorageTest(LiveTest):
    def setUp(self):
        self.base = tempfile.mkdtemp(prefix="orrery-live-")
        self.addCleanup(shutil.rmtree, self.base)
        self.dir = os.path.join(self.base, "data")

    def start(self, *sets):
        return self.broker(f"node.data_dir={self.dir}", "node.shards=1", *sets)

    def refused(self, *sets, command=()):
        """The sentence of a start that is refused, without its beginning."""
        arguments = [*command, PROGRAM, *LISTENERS]
        for value in (f"node.data_dir={self.dir}", "node.shards=1") + sets:
            arguments += ["--set", value]
        code, _, err = self.run_program(*arguments)
        self.assertEqual(code, 1, err)
        self.assertNotIn("listening on", err)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertTrue(err.startswith("orrery-broker: node.data_dir: "), err)
        return err.removeprefix("orrery-broker: node.data_dir: ")

    def opened(self):
        """How often the store was opened, from the file itself; the node must be down."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.dir, "store.db"))) as db:
            return db.execute("SELECT value FROM meta WHERE name = 'opened'").fetchone()[0]

    def test_a_directory_is_made_and_used_again(self):
        first = self.start()
        self.assertTrue(first.log_has(f"data_directory: what this node remembers is in {self.dir}"))
        self.assertEqual(os.stat(self.dir).st_mode & 0o777, 0o700)
        self.assertEqual(terminate(first), 0)
        with open(os.path.join(self.dir, "orrery-data"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "orrery data directory\nformat 1\nnode n1\n")
        self.publish(self.start(), "x", "y", "-q", 1)

    def test_without_one_it_says_so(self):
        broker = self.broker()
        self.publish(broker, "x", "y", "-q", 1)
        self.assertTrue(broker.log_has("node.data_dir is not set: this node remembers nothing between its starts"))

    def test_a_kill_leaves_it_usable(self):
        for life in range(1, 4):
            broker = self.start()
            self.publish(broker, "x", "y", "-q", 1)
            broker.expected_death = True
            broker.kill()
            self.assertEqual(self.opened(), life)

    def test_a_second_process_is_refused(self):
        first = self.start()
        self.assertEqual(self.refused(), f'{self.dir} is in use by process {first.child.pid}, node "n1"; stop that one, or '
                                         "choose another directory")
        self.assertEqual(terminate(first), 0)
        self.start()

    def test_another_nodes_directory_is_refused(self):
        self.assertEqual(terminate(self.start()), 0)
        self.assertEqual(self.refused("node.name=n2"), f'{self.dir} belongs to the node "n1", and this node is "n2"; correct '
                                                       "node.name or node.data_dir")

    def test_another_format_is_refused(self):
        self.assertEqual(terminate(self.start()), 0)
        with open(os.path.join(self.dir, "orrery-data"), "w", encoding="utf-8") as file:
            file.write("orrery data directory\nformat 2\nnode n1\n")
        self.assertEqual(self.refused(), f"{self.dir} has format 2, and this program knows format 1; use the program that "
                                         "wrote it, or choose another directory")

    def test_another_owners_directory_is_refused(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a directory away")
        self.assertEqual(terminate(self.start()), 0)
        os.chown(self.dir, 65533, 65533)
        self.assertRegex(self.refused(), r"data belongs to .*uid 65533.*, and this process runs as .*; run it as the "
                                         r"directory's owner, or give it the directory with \"chown -R\"$")

    def test_a_read_only_directory_is_refused(self):
        self.assertEqual(terminate(self.start()), 0)
        command = ()
        if os.geteuid() == 0:  # nothing is read-only to root: somebody else runs a copy of the program
            os.chmod(self.base, 0o755)
            for path in (self.dir, *(os.path.join(self.dir, name) for name in os.listdir(self.dir))):
                os.chown(path, 65534, 65534)
            program = shutil.copy(PROGRAM, self.base)
            os.chmod(program, 0o755)
            command = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program)
        os.chmod(self.dir, 0o500)
        os.unlink(os.path.join(self.dir, "lock"))
        said = self.refused(command=command[:-1]) if not command else self.refused_by(command)
        self.assertEqual(said, f"{self.dir} cannot be written: Permission denied; give this process the right to write there, "
                               "or choose another directory")
        os.chmod(self.dir, 0o700)

    def refused_by(self, command):
        arguments = [*command, *LISTENERS, "--set", f"node.data_dir={self.dir}", "--set", "node.shards=1"]
        code, _, err = self.run_program(*arguments)
        self.assertEqual(code, 1, err)
        self.assertNotIn("listening on", err)
        return err.removeprefix("orrery-broker: node.data_dir: ")

    def test_a_damaged_database_is_refused(self):
        self.assertEqual(terminate(self.start()), 0)
        path = os.path.join(self.dir, "store.db")
        with open(path, "r+b") as file:
            file.write(b"not a database at all" * 100)
        self.assertRegex(self.refused(), r"store.db is damaged: .*; restore it from a backup, or move the directory away to start "
                                         r"with nothing remembered$")
        os.unlink(path)
        self.assertEqual(self.refused(), f"{self.dir} has lost its store.db; restore it from a backup, or move the directory away "
                                         "to start anew")

    def test_a_full_disk_is_refused(self):
        os.mkdir(self.dir)
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", self.dir], check=False,
                               capture_output=True)
        if mount.returncode != 0:
            self.skipTest("a small file system cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", self.dir], check=True)
        with open(os.path.join(self.dir, "lost+found"), "wb") as filler:
            filler.write(b"x" * 56 * 1024)
        self.assertRegex(self.refused(), r"cannot be written: No space left on device; make room on its disk, or choose another "
                                         r"directory$")
        os.unlink(os.path.join(self.dir, "lost+found"))

    def test_a_strangers_directory_is_refused(self):
        os.mkdir(self.dir)
        with open(os.path.join(self.dir, "thesis.tex"), "w", encoding="utf-8"):
            pass
        self.assertEqual(self.refused(), f'{self.dir} holds "thesis.tex" and no data of a node; choose an empty directory or a '
                                         "new one")
        self.assertEqual(os.listdir(self.dir), ["thesis.tex"])


if __name__ == "__main__":
    unittest.main()
