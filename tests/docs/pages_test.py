#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs what the documents show: pages_test.py BUILD_FOLDER [PAGE ...]. README.md of this folder has the rules.

Prints one line for each command that does something else than the page says, with what it printed; exits with 1 if there was
any. Without pages it takes all, README and HACKING first.
"""
import fcntl
import glob
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import page

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
COMMAND_SECONDS = 120
LATE_SECONDS = 3       # how long output of what stays in the background may take, before the command is repeated
REPEATS = 10
BUILDS = ("release", "dev")
MARK = "--- done "


def pages(root):
    return ["README.md", "HACKING.md", "ARCHITECTURE.md"] + sorted(os.path.relpath(p, root) for p in glob.glob(os.path.join(root, "docs", "*.md")))


def read_not_run():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "not_run.tsv"), encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]
    assert all(len(row) == 3 and all(row) for row in rows), "not_run.tsv: page, command, reason"
    return [tuple(row) for row in rows]


def scratch(folder, root, build):
    """A folder like the root of the tree, in which `build` is the one under test."""
    for name in os.listdir(root):
        if name not in ("build", ".git"):
            os.symlink(os.path.join(root, name), os.path.join(folder, name))
    for preset in BUILDS:
        os.makedirs(os.path.join(folder, "build", preset))
        for part in ("bin", "lib"):
            os.symlink(os.path.join(build, part), os.path.join(folder, "build", preset, part))


class Shell:
    """One bash for a page. Everything it and its children print comes through one pipe, in order."""

    def __init__(self, folder, build):
        environment = {**os.environ, "PATH": os.path.join(build, "bin") + ":" + os.environ["PATH"], "LANG": "C.UTF-8", "HOME": folder, "TERM": "dumb"}
        self.bash = subprocess.Popen(["bash", "--norc", "--noprofile"], cwd=folder, env=environment, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.output = b""
        self.status = 0

    def read(self, until, seconds):
        """Reads until the function likes what has come, or the time is over; whether it did."""
        end = time.monotonic() + seconds
        while not until(self.output):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.bash.stdout], [], [], left)[0]:
                return until(self.output)
            piece = os.read(self.bash.stdout.fileno(), 65536)
            if not piece:
                return until(self.output)
            self.output += piece
        return True

    def run(self, text):
        """Exit code and output of one command; None when it takes too long or ends the shell."""
        self.output, mark = b"", MARK.encode() + os.urandom(8).hex().encode()
        self.bash.stdin.write(b"(exit %d)\n%s\nprintf '\\n%s %%d\\n' $?\n" % (self.status, text.encode(), mark))
        self.bash.stdin.flush()
        if not self.read(lambda out: mark in out and out.split(mark)[1].endswith(b"\n"), COMMAND_SECONDS):
            return None, self.text()
        before, after = self.output.split(mark, 1)
        code, rest = after.split(b"\n", 1)
        # The mark's own line break, unless the output ended without one.
        self.output = (before[:-1] if before.endswith(b"\n\n") or before == b"\n" else before) + rest
        self.status = int(code)
        return int(code), self.text()

    def text(self):
        return self.output.decode(errors="replace")

    def end(self):
        """Ends everything that the page started and that is still in its session."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.bash.pid, how)
            except ProcessLookupError:
                break
            time.sleep(0.3)
        self.bash.wait()
        self.bash.stdin.close()
        self.bash.stdout.close()


def sockets():
    found = set()
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(name, encoding="ascii") as f:
                found |= {(line.split()[1], line.split()[3]) for line in f.readlines()[1:]}
        except OSError:
            pass
    return found


def settle(before):
    """Waits until what was just started has its sockets, or for a moment if it opens none."""
    end = time.monotonic() + 3
    last = before
    while time.monotonic() < end:
        time.sleep(0.2)
        now = sockets()
        if now == last and now != before:
            return
        last = now


def run_commands(shell, name, commands):
    """What is not as the page says."""
    problems, background = [], False
    for position, step in enumerate(commands):
        if isinstance(step, page.File):
            with open(os.path.join(shell.folder, step.name), "w", encoding="utf-8") as f:
                f.write(step.text)
            continue
        before = sockets()
        fails_on_purpose = commands[position + 1:] and getattr(commands[position + 1], "text", "") == "echo $?"
        for _ in range(REPEATS if background else 1):
            code, output = shell.run(step.text)
            if step.stays:
                background = True
                settle(before)
            if code is None or not background or not step.shows:
                break
            if shell.read(lambda out: page.agrees(step.shows, out.decode(errors="replace"), whole=False), LATE_SECONDS):
                break
            if step.stays:
                break
        output = shell.text()
        where = "%s:%d: %s: " % (name, step.line, step.text)
        if code is None:
            problems.append(where + "did not end within %d s, or ended the shell\n%s" % (COMMAND_SECONDS, output))
            break
        if code != 0 and not fails_on_purpose:
            problems.append(where + "ends with %d\n%s" % (code, output))
        elif step.shows and not page.agrees(step.shows, output, whole=not background):
            problems.append(where + "shows other lines than the page:\n" + output)
    return problems


def check_page(root, build, name, not_run):
    with open(os.path.join(root, name), encoding="utf-8") as f:
        try:
            found = page.steps(f.read(), name)
        except page.PageError as e:
            return [str(e)]
    skipped = {command for at, command, _ in not_run if at == name}
    shown = {s.text for s in found if isinstance(s, page.Command)}
    problems = ["not_run.tsv: no page shows %s in %s" % (command, name) for command in sorted(skipped - shown)]
    with tempfile.TemporaryDirectory() as folder:
        scratch(folder, root, build)
        shell = Shell(folder, build)
        shell.folder = folder
        try:
            problems += run_commands(shell, name, [s for s in found if not (isinstance(s, page.Command) and s.text in skipped)])
        finally:
            shell.end()
    return problems


def own_network():
    """Goes on in a network namespace of its own, where this is allowed; else says so and stays."""
    if os.environ.get("ORRERY_DOCS_NETWORK"):
        control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        request = struct.pack("16sh", b"lo", 0x1 | 0x40)  # up, running
        fcntl.ioctl(control, 0x8914, request)             # SIOCSIFFLAGS
        return
    os.environ["ORRERY_DOCS_NETWORK"] = "own"
    if subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode == 0:
        os.execvp("unshare", ["unshare", "-rn", sys.executable, "-B"] + sys.argv)
    print("no network namespace here: the pages' ports must be free")


def main(arguments):
    build, names = os.path.realpath(arguments[0]), arguments[1:] or pages(ROOT)
    not_run = read_not_run()
    problems = ["not_run.tsv: there is no page %s" % at for at in sorted({row[0] for row in not_run} - set(pages(ROOT)))]
    for name in names:
        begin = time.monotonic()
        problems += check_page(ROOT, build, name, not_run)
        print("%s: %.1f s" % (name, time.monotonic() - begin), flush=True)
    print("\n".join(problems))
    print("%d pages, %d commands that are not as shown" % (len(names), len(problems)))
    return 1 if problems else 0


if __name__ == "__main__":
    own_network()
    sys.exit(main(sys.argv[1:]))
