#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-format-19 leaves every C++ file as it is: python3 format.py ROOT [FILE ...].

Looks at all files of the tree, or at those given, prints the name of each that would change with its first such line, and
how to change it; exits with 1 if there was any. Another version of clang-format would want something else of some files.
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

import layering

PROGRAM = "clang-format-19"
CHUNK = 40  # files for each process: enough that starting it does not matter, few enough that all cores have work


def complaints(program, root, files):
    """The first complaint about each file, and what the program said if it did not do its work."""
    done = subprocess.run([program, "--dry-run", "--style=file"] + files, cwd=root, capture_output=True, text=True, check=False)
    first = {}
    for m in re.finditer(r"^(.+?):(\d+):\d+: (?:warning|error): code should be clang-formatted", done.stderr, re.MULTILINE):
        first.setdefault(m.group(1), m.group(2))
    return first, done.stderr if done.returncode != 0 else ""


def main(arguments):
    root, files = arguments[0], arguments[1:]
    program = shutil.which(PROGRAM)
    if program is None:
        print("%s is not installed: ci/install, or apt-get install %s" % (PROGRAM, PROGRAM))
        return 1
    files = files or [f for f in layering.list_files(root) if f.endswith(layering.CPP)]
    chunks = [files[i:i + CHUNK] for i in range(0, len(files), CHUNK)]
    changed, failed = {}, ""
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for first, text in pool.map(lambda chunk: complaints(program, root, chunk), chunks):
            changed.update(first)
            failed += text
    for name, line in sorted(changed.items()):
        print("%s:%s: not as %s leaves it" % (name, line, PROGRAM))
    if changed:
        print("To mend: %s -i %s" % (PROGRAM, " ".join(sorted(changed))))
    print(failed, end="")
    print("%d files, %d not as %s leaves them" % (len(files), len(changed), PROGRAM))
    return 1 if changed or failed or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
