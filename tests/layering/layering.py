#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules that a machine can check, as a test: python3 layering.py [ROOT].

Reads every source file under ROOT (what git knows or would add; without git, everything) and prints one line for each
violation, "path:line: what"; exits with 1 if there was any. Rules:
- layers: an #include may point down only, by the table LAYERS (the one of ARCHITECTURE.md, which must name every layer; of the
  sub-folders of sim and conformance their READMEs do), and the files of FREE_OF_CIRCLES include one another in no circle;
- an #include says which file it means: one of the tree in quotes and from the root, no ".", no "..", no macro, and C++ is in
  .h and .cc, so that the rules before and after this one see all of it;
- the core (CORE) includes of the outside only what CORE_INCLUDES lists, calls nothing that differs between runs or compilers,
  and has no variable of static storage that can be written to; tests of the core may. storage.py asks the objects the same;
- <iostream> is for a program's main.cc: its constructors run in every program that has it;
- lines of C++ have at most COLUMNS_MAX columns, files begin with the SPDX line, headers have #pragma once, nothing is marked as
  left over, no file is longer than LINES_MAX (those over LINES_LISTED are listed), every folder with sources has a README.md.
"""
import os
import re
import subprocess
import sys

import cpp_text

BROKER_CORE = ["seam", "base", "claims", "mqtt", "websocket", "routing", "session", "cluster", "auth", "admin", "node"]

SIM = ["kernel", "models", "world", "oracle", "crowd", "plug", "scenario", "report"]
CONFORMANCE = ["driver", "cases", "report", "mutants"]
FOLDERS_WITH_LAYERS = ["broker", "sim", "conformance"]

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
    "broker/sqlite": ["base", "broker/seam"],
    "broker/runtime_asio": ["base", "broker/base", "broker/seam", "broker/openssl", "broker/sqlite"],
    "broker/app": ["base"] + ["broker/" + name for name in BROKER_CORE] + ["broker/openssl", "broker/runtime_asio"],
    "sim/kernel": ["base"],
    "sim/models": ["base", "broker/seam", "sim/kernel"],
    "sim/world": ["base", "broker/seam", "sim/kernel", "sim/models"],
    "sim/oracle": ["base", "broker/seam"],
    "sim/crowd": ["base", "broker/seam"] + ["sim/" + name for name in SIM[:4]],
    "sim/plug": ["base", "broker/seam"],
    "sim/scenario": ["base", "broker/seam"] + ["sim/" + name for name in SIM[:6]],
    "sim/report": ["base", "broker/seam"] + ["sim/" + name for name in SIM[:7]],
    "sim/calibrate": ["base", "broker/seam", "broker/node"] + ["sim/" + name for name in SIM[:7]],
    "sim/app": ["base", "broker/seam", "broker/node"] + ["sim/" + name for name in SIM],
    "client": ["base"],
    "load": ["base", "client"],
    "conformance/driver": ["base", "client", "broker/seam", "broker/node", "broker/openssl", "sim/world"],
    "conformance/cases": ["base", "client", "conformance/driver"],
    "conformance/report": ["base", "client"] + ["conformance/" + name for name in CONFORMANCE[:2]],
    "conformance/mutants": ["base", "client"] + ["conformance/" + name for name in CONFORMANCE[:3]],
    "conformance": ["base", "client", "sim/plug"] + ["conformance/" + name for name in CONFORMANCE],
    "fuzz": ["base"] + ["broker/" + name for name in BROKER_CORE] + ["broker/openssl"] + ["sim/" + name for name in SIM[:3]],
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

# Single files that belong to another layer than their folder's.
FILES_OF_LAYERS = {
    "conformance/wire.h": "client",  # other names for what is there
}

# The core: these folders, and what below them is not.
CORE = ["base"] + ["broker/" + name for name in BROKER_CORE] + ["sim"]
NOT_CORE = ["sim/app", "sim/calibrate"]

# What the core may include that is not of this tree: values, containers with an order, and no more. A header that knows the
# time, threads, files, sockets, chance or a hash of its own does not come here.
CORE_INCLUDES = set("""
algorithm array atomic bit cctype charconv climits cmath compare concepts cstdarg cstddef cstdint cstdio cstdlib cstring deque
exception functional initializer_list iterator limits list map memory memory_resource new numeric optional queue set span
sstream stdexcept string string_view tuple type_traits utility variant vector version
assert.h stdarg.h stdbool.h stddef.h stdint.h stdlib.h string.h
xxhash.h nlohmann/json.hpp
boost/beast/http/basic_parser.hpp boost/beast/http/message.hpp boost/beast/http/serializer.hpp
boost/beast/http/empty_body.hpp boost/beast/core/buffers_range.hpp
""".split())
# What a file may include all the same, with the reason.
EXCEPTIONS = {
    ("sim/plug/small_broker/broker.h", "unordered_map"),  # another broker, behind the plug's ABI; its tables are looked up only
    ("sim/plug/load_plugin.cc", "dlfcn.h"),  # before a run, not in one
    ("broker/seam/world_contract.h", "gtest/gtest.h"),  # a test that every world includes
    ("broker/seam/world_fixture.h", "gtest/gtest.h"),
    ("broker/seam/storage_contract.h", "gtest/gtest.h"),
}
# Variables that can be written to all the same.
STATICS = {
    "sim/plug/broken/defects.cc": 1,  # the defect is that it remembers
}
FREE_OF_CIRCLES = ["base", "client", "load", "fuzz", "microbench", "sim/kernel", "sim/models", "sim/oracle", "sim/crowd", "sim/scenario",
                   "sim/report", "sim/calibrate", "conformance/driver", "conformance/report",
                   "conformance/mutants"]

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
CPP = (".h", ".cc", ".c")
OTHER_CPP = (".inc", ".inl", ".ipp", ".ixx", ".tpp", ".tcc", ".hh", ".hpp", ".hxx", ".cpp", ".cxx", ".cppm", ".c++", ".def")
LINES_LISTED = 500
LINES_MAX = 800
COLUMNS_MAX = 120  # comments.py wraps comments that are longer


def under(path, folder):
    return path == folder or path.startswith(folder + "/")


def layer_of(path):
    """The row of LAYERS that a file belongs to; none for files of the root, and of `broker` itself."""
    if path in FILES_OF_LAYERS:
        return FILES_OF_LAYERS[path]
    parts = path.split("/")
    if len(parts) > 2 and parts[0] in FOLDERS_WITH_LAYERS:
        return "/".join(parts[:2])
    return parts[0] if len(parts) > 1 and parts[0] not in ("broker", "sim") else None


def is_core(path):
    if any(under(path, folder) for folder in NOT_CORE):
        return False
    return any(under(path, folder) for folder in CORE)


def module_of(path):
    return os.path.splitext(path)[0]


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
        self.arrows = {}  # module -> the modules it includes

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as f:
            return f.read()

    def violation(self, path, text, position, what):
        self.violations.append("%s:%d: %s" % (path, text.count("\n", 0, position) + 1, what))

    def check_include(self, path, text, include):
        """One #include: how it is written, and what it points to."""
        def wrong(what):
            self.violation(path, text, include.position, what)

        name = include.name
        if not name:
            wrong("an #include gives its file's name, in quotes or angle brackets: no macro, no module, no #include_next")
            return
        ways = [os.path.normpath(os.path.join(os.path.dirname(path), name)), os.path.normpath(name)]
        target = next((way for way in reversed(ways) if os.path.isfile(os.path.join(self.root, way))), None)
        if name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/")):
            wrong('"%s": an #include has no "/" in front, no "." and no ".."' % name)
        elif target is None and include.quoted:
            wrong('"%s" is no file of this tree: quotes are for those' % name)
        elif target is not None and (target != name or not include.quoted):
            wrong('"%s" is a file of this tree: write #include "%s"' % (name, target))
        if target is None:
            outside = os.path.normpath(name)
            if is_core(path) and not is_test(path) and outside not in CORE_INCLUDES and (path, outside) not in EXCEPTIONS:
                wrong("the core must not include <%s> (tests/layering: CORE_INCLUDES)" % outside)
            if outside == "iostream" and os.path.basename(path) != "main.cc":
                wrong("<iostream> is for a program's main.cc")
            return
        if not target.endswith(".h"):
            wrong('"%s": an #include is of a header' % name)
        mine, theirs = layer_of(path), layer_of(target)
        allowed = LAYERS.get(mine, []) + (LAYERS_OF_TESTS.get(mine, []) if is_test(path) else [])
        allowed = allowed + LAYERS_OF_FILES.get(path, [])
        if theirs is not None and theirs != mine and "*" not in allowed and theirs not in allowed:
            wrong("%s must not include %s" % (mine, theirs))
        self.arrows.setdefault(module_of(path), set()).add(module_of(target))

    def check_circles(self):
        """Files of one folder that include one another in a circle, each with its header and source as one."""
        for start in sorted(self.arrows):
            folder = os.path.dirname(start)
            if not any(under(folder, free) for free in FREE_OF_CIRCLES):
                continue
            before = {start: None}  # a walk from `start`, over modules that come after it in the alphabet: one report a circle
            waiting = [start]
            while waiting:
                here = waiting.pop()
                for there in sorted(self.arrows.get(here, ())):
                    if there == start and here != start:
                        circle = [start]
                        while here is not None:
                            circle.insert(0, here)
                            here = before[here]
                        self.violations.append("%s:1: includes in a circle: %s" % (folder, " -> ".join(circle)))
                        waiting = []
                        break
                    if there not in before and there > start and os.path.dirname(there) == folder:
                        before[there] = here
                        waiting.append(there)

    def check_cpp(self, path, text):
        core = is_core(path) and not is_test(path)
        for include in cpp_text.includes(text):
            self.check_include(path, text, include)
        for position in cpp_text.stray_continuations(text):
            self.violation(path, text, position, "a line goes on behind a backslash in #define and #if only")
        if core:
            code = cpp_text.code_only(text)
            for pattern, what in BANNED_CALLS:
                for m in pattern.finditer(code):
                    self.violation(path, text, m.start(), what)
            for position in cpp_text.mutable_statics(text)[STATICS.get(path, 0):]:
                self.violation(path, text, position, "a variable of static storage that can be written to: state has an owner")
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > COLUMNS_MAX:
                self.violations.append("%s:%d: %d columns: at most %d" % (path, number, len(line), COLUMNS_MAX))
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
        present = sorted({layer_of(f) for f in files if f.endswith(CPP)} - {None})
        for layer in present:
            folder, _, leaf = layer.partition("/")
            where, name = ("ARCHITECTURE.md", layer) if folder == "broker" or not leaf else (folder + "/README.md", leaf)
            text = self.read(where) if where in files else ""
            if layer not in LAYERS:
                self.violations.append("%s:1: not in the table of layers (tests/layering/layering.py)" % layer)
            elif "`%s`" % name not in text and "`%s/`" % name not in text:
                self.violations.append("%s:1: does not name the layer %s" % (where, layer))

    def run(self):
        files = list_files(self.root)
        for path in files:
            if path.endswith(OTHER_CPP):
                self.violations.append("%s:1: C++ is in files named .h and .cc" % path)
            if not path.endswith(CODE + (".md",)) and os.path.basename(path) != "CMakeLists.txt":
                continue
            text = self.read(path)
            self.check_text(path, text)
            if path.endswith(CPP):
                self.check_cpp(path, text)
        self.check_circles()
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
