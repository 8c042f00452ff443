#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy-19 has nothing to say: python3 tidy.py ROOT BUILD_FOLDER [FOLDER_OR_FILE ...].

Looks at the sources of the tree that BUILD_FOLDER's compile_commands.json has (all, or those under the folders given; with
--no-tests without the tests), with the checks of .clang-tidy, and so at the headers that they include. Prints each finding
once; exits with 1 if there was any, or if there was nothing to look at.
"""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys

import layering

PROGRAM = "clang-tidy-19"
FINDING = re.compile(r"^(/\S+):(\d+):(\d+): (?:warning|error): (.*)$", re.MULTILINE)


def sources(root, build, folders, tests):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        compiled = {os.path.relpath(entry["file"], root) for entry in json.load(f)}
    return sorted(f for f in compiled & set(layering.list_files(root)) if f.endswith(layering.CPP)
                  and (not folders or any(layering.under(f, folder) for folder in folders))
                  and (tests or not layering.is_test(f)))


def look_at(program, root, build, name):
    done = subprocess.run([program, "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option", os.path.join(root, name)],
                          capture_output=True, text=True, check=False)
    found = {"%s:%s: %s" % (os.path.relpath(m.group(1), root), m.group(2), m.group(4)) for m in FINDING.finditer(done.stdout)}
    return found or ({"%s: %s" % (name, done.stdout + done.stderr)} if done.returncode != 0 else set())


def main(arguments):
    tests = "--no-tests" not in arguments
    root, build, *folders = [os.path.realpath(a) if i < 2 else a
                             for i, a in enumerate(a for a in arguments if a != "--no-tests")]
    program = shutil.which(PROGRAM)
    if program is None:
        print("%s is not installed: ci/install, or apt-get install %s" % (PROGRAM, PROGRAM))
        return 1
    names = sources(root, build, folders, tests)
    found = set()
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for findings in pool.map(lambda name: look_at(program, root, build, name), names):
            for finding in sorted(findings - found):
                print(finding, flush=True)
            found |= findings
    print("%d sources, %d findings" % (len(names), len(found)))
    return 1 if found or not names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
