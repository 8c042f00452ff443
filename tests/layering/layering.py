#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules that a machine can check, as a test: python3 layering.py [ROOT].

Reads every source file under ROOT (what git knows or would add; without git, everything) and prints one line for each
violation, "path:line: what"; exits with 1 if there was any. Rules:
- layers: an #include may point down only, by the table LAYERS (the one of ARCHITECTURE.md, which must name every layer);
- the core (CORE) includes no clock, thread, file, socket or <random>, no hash table of the standard library, and calls
  nothing that differs between runs or compilers; tests of the core may;
- files begin with the SPDX line, headers have #pragma once, nothing is marked as left over, no file is longer than
  LINES_MAX (those over LINES_LISTED are listed), every folder with sources has a README.md.
"""
import os
import re
import subprocess
import sys

BROKER_CORE = ["seam", "base", "claims", "mqtt", "websocket", "routing", "session", "cluster", "auth", "admin", "node"]

# Layer: what it may include besides itself. "*": anything.
LAYERS = {
    "base": [],
    "broker/base": ["base"],
    "broker/seam": ["base"],
    "broker/claims": ["base", "broker/base"],
    "broker/mqtt": ["base", "broker/base"],
    "broker/websocket": ["base", "broker/base"],
    "broker/routing": ["base", "broker/base", "broker/mqtt"],
    "broker/session": ["base", "broker/base", "broker/seam", "broker/claims", "broker/mqtt", "broker/routing"],
    "broker/cluster": ["base", "broker/base", "broker/seam", "broker/claims", "broker/mqtt", "broker/routing"],
    "broker/auth": ["base", "broker/base", "broker/mqtt", "broker/session"],
    "broker/admin": ["base", "broker/base", "broker/seam"],
    "broker/node": ["base"] + ["broker/" + name for name in BROKER_CORE[:-1]],
    "broker/openssl": ["base", "broker/base", "broker/auth"],
    "broker/runtime_asio": ["base", "broker/base", "broker/seam", "broker/openssl"],
    "broker/app": ["base"] + ["broker/" + name for name in BROKER_CORE] + ["broker/openssl", "broker/runtime_asio"],
    "sim": ["base", "broker/base", "broker/seam", "broker/node"],
    "client": ["base"],
    "load": ["base", "client"],
    "conformance": ["base", "client", "broker/seam", "broker/node", "broker/openssl", "sim"],
    "fuzz": ["*"],
    "microbench": ["*"],
    "tests": ["*"],
    "cmake": [],
}

# What the tests of a layer may include on top of that.
LAYERS_OF_TESTS = {
    "broker/auth": ["broker/openssl"],  # real hashes: its own code knows an interface only
}

# What single files may include on top of that.
LAYERS_OF_FILES = {
    "conformance/driver/echo_node.cc": ["broker/base", "broker/websocket"],  # the codec under test, with an echo behind it
    "conformance/driver/sim_kinds.cc": ["broker/auth"],  # the gate of the simulated broker with users
}

# The core: these folders, and what below them is not.
CORE = ["base"] + ["broker/" + name for name in BROKER_CORE] + ["sim"]
NOT_CORE = ["sim/app", "sim/calibrate"]

BANNED_INCLUDES = re.compile(
    r"^(?:chrono|thread|stop_token|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|fstream|filesystem"
    r"|random|ctime|time\.h|unordered_map|unordered_set|pthread\.h|unistd\.h|fcntl\.h|poll\.h|netdb\.h"
    r"|sys/.*|netinet/.*|arpa/.*|linux/.*|openssl/.*|sqlite3\.h"
    r"|boost/asio.*|boost/beast/websocket.*|boost/beast\.hpp|boost/thread.*|boost/filesystem.*|boost/unordered.*)$")
# What a file may include all the same, with the reason.
EXCEPTIONS = {
    ("sim/plug/small_broker/broker.h", "unordered_map"),  # another broker, behind the plug's ABI; its tables are looked up only
}

BANNED_CALLS = [
    (re.compile(r"\bstd::hash\b"), "std::hash differs between libraries: use XXH3 or mix64"),
    (re.compile(r"\bstd::(?:shuffle|uniform_\w+_distribution|random_device|mt19937(?:_64)?)\b"),
     "<random> differs between libraries: use Rng"),
    (re.compile(r"(?<![\w.>])(?:std::)?time\s*\(\s*(?:nullptr|NULL|0|&)"), "time() reads the clock: time is an argument"),
    (re.compile(r"\b(?:clock_gettime|gettimeofday)\s*\("), "reads the clock: time is an argument"),
    (re.compile(r"(?<![\w.>])(?:std::)?s?rand\s*\("), "rand(): use the Rng that the shard owns"),
    (re.compile(r"(?<![\w.>])(?:std::)?fopen\s*\("), "the core opens no files"),
    (re.compile(r"\bthread_local\b"), "thread_local: every piece of state belongs to one entity"),
]

CODE = (".h", ".cc", ".c", ".py", ".sh", ".cmake")
LEFTOVERS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
LINES_LISTED = 500
LINES_MAX = 800
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
# Comments, and string and character literals (a ' between digits is not one), which the rules about calls must not look into.
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def under(path, folder):
    return path == folder or path.startswith(folder + "/")


def layer_of(path):
    parts = path.split("/")
    if parts[0] == "broker":
        return "/".join(parts[:2]) if len(parts) > 2 else None
    return parts[0] if len(parts) > 1 else None


def is_core(path):
    if any(under(path, folder) for folder in NOT_CORE):
        return False
    return any(under(path, folder) for folder in CORE)


def is_test(path):
    name = os.path.basename(path)
    return re.search(r"_test\.(?:cc|h)$|_test_\w+\.h$|^test_\w+\.(?:cc|h)$", name) is not None


def list_files(root):
    try:
        out = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, check=True).stdout
        top = subprocess.run(["git", "-C", root, "rev-parse", "--show-toplevel"], capture_output=True, check=True).stdout
        if os.path.realpath(top.decode().strip()) == os.path.realpath(root):
            names = sorted(set(out.decode().split("\0")) - {""})
            return [n for n in names if os.path.isfile(os.path.join(root, n))]
    except (OSError, subprocess.CalledProcessError):
        pass
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in (".git", "build", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, n), root) for n in names]
    return sorted(found)


class Check:
    def __init__(self, root):
        self.root = root
        self.violations = []
        self.long_files = []

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as f:
            return f.read()

    def violation(self, path, text, position, what):
        self.violations.append("%s:%d: %s" % (path, text.count("\n", 0, position) + 1, what))

    def check_include(self, path, text, position, name):
        mine, theirs = layer_of(path), layer_of(name)
        if theirs is None or theirs == mine or not os.path.isfile(os.path.join(self.root, name)):
            return
        allowed = LAYERS.get(mine, []) + (LAYERS_OF_TESTS.get(mine, []) if is_test(path) else [])
        allowed = allowed + LAYERS_OF_FILES.get(path, [])
        if "*" not in allowed and theirs not in allowed:
            self.violation(path, text, position, "%s must not include %s" % (mine, theirs))

    def check_cpp(self, path, text):
        core = is_core(path) and not is_test(path)
        code = NOT_CODE.sub(lambda m: m.group(0) if m.group(0).startswith('"') else re.sub(r"[^\n]", " ", m.group(0)), text)
        for m in INCLUDE.finditer(code):
            name = m.group(2)
            if m.group(1) == '"':
                self.check_include(path, text, m.start(2), name)
            if core and BANNED_INCLUDES.match(name) and (path, name) not in EXCEPTIONS:
                self.violation(path, text, m.start(2), "the core must not include <%s>" % name)
        if core:
            code = NOT_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)
            for pattern, what in BANNED_CALLS:
                for m in pattern.finditer(code):
                    self.violation(path, text, m.start(), what)
        # A header that C reads too has the guard that C knows.
        guard = r"^#ifndef (\w+)\n#define \1$" if "#ifdef __cplusplus" in text else r"^#pragma once$"
        if path.endswith(".h") and not re.search(guard, text, re.MULTILINE):
            self.violation(path, text, 0, "a header needs #pragma once")

    def check_text(self, path, text):
        name = os.path.basename(path)
        if path.endswith(CODE) or name == "CMakeLists.txt":
            lines = text.split("\n")
            first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
            if not re.match(r"(?://|#|/\*) SPDX-License-Identifier: Apache-2\.0", first):
                self.violation(path, text, 0, "the first line (after #!) is the SPDX line")
            count = text.count("\n")
            if count > LINES_MAX:
                self.violation(path, text, 0, "%d lines: at most %d" % (count, LINES_MAX))
            elif count > LINES_LISTED:
                self.long_files.append("%s: %d lines" % (path, count))
        for m in LEFTOVERS.finditer(text):
            self.violation(path, text, m.start(), "left over: %s" % m.group(0))

    def check_folders(self, files):
        folders = {os.path.dirname(f) for f in files if f.endswith(CODE)}
        for folder in sorted(folders - {""}):
            if os.path.join(folder, "README.md") not in files:
                self.violations.append("%s:1: a folder with sources needs a README.md" % folder)

    def check_table(self, files):
        present = sorted({layer_of(f) for f in files if f.endswith((".h", ".cc"))} - {None})
        text = self.read("ARCHITECTURE.md") if "ARCHITECTURE.md" in files else ""
        for layer in present:
            if layer not in LAYERS:
                self.violations.append("%s:1: not in the table of layers (tests/layering/layering.py)" % layer)
            elif "`%s`" % layer not in text:
                self.violations.append("ARCHITECTURE.md:1: does not name the layer %s" % layer)

    def run(self):
        files = list_files(self.root)
        for path in files:
            if not path.endswith(CODE + (".md",)) and os.path.basename(path) != "CMakeLists.txt":
                continue
            text = self.read(path)
            self.check_text(path, text)
            if path.endswith((".h", ".cc", ".c")):
                self.check_cpp(path, text)
        self.check_folders(files)
        self.check_table(files)
        return len(files)


def main(arguments):
    root = arguments[0] if arguments else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    check = Check(root)
    count = check.run()
    for line in check.long_files:
        print("long: " + line)
    for line in check.violations:
        print(line)
    print("%d files, %d violations" % (count, len(check.violations)))
    return 1 if check.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
