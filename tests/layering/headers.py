#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone: python3 headers.py ROOT COMPILER [DEFINITION ...].

A header that needs another one to be included before it works by luck. Each is compiled by itself, syntax only, with the
project's warnings as errors; those that fail are printed with the compiler's first lines. Exits with 1 if there was any.
"""
import concurrent.futures
import os
import subprocess
import sys

import layering

FLAGS = ["-std=c++20", "-fsyntax-only", "-x", "c++", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
FIRST_LINES = 12


def compile_alone(root, compiler, definitions, header):
    source = '#include "%s"\n' % header
    done = subprocess.run([compiler] + FLAGS + ["-D" + d for d in definitions] + ["-I", root, "-"], input=source,
                          capture_output=True, text=True, check=False)
    return header, done.returncode, done.stderr


def main():
    root, compiler, definitions = sys.argv[1], sys.argv[2], sys.argv[3:]
    headers = [f for f in layering.list_files(root) if f.endswith(".h")]
    if not headers:
        sys.exit("no header under " + root)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for header, code, text in pool.map(lambda h: compile_alone(root, compiler, definitions, h), headers):
            if code != 0:
                failed += 1
                print("%s does not compile alone:\n%s" % (header, "\n".join(text.split("\n")[:FIRST_LINES])))
    print("%d headers, %d do not compile alone" % (len(headers), failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
