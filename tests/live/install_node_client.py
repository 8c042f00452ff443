# SPDX-License-Identifier: Apache-2.0
"""install_node_client.py FOLDER: installs what node/package-lock.json names into FOLDER, unless it is there already."""
import os
import shutil
import subprocess
import sys

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(folder):
    lock = os.path.join(SOURCE, "package-lock.json")
    done = os.path.join(folder, "installed-lock.json")
    if os.path.exists(done) and read(done) == read(lock):
        return
    os.makedirs(folder, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(SOURCE, name), folder)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, check=True, timeout=280)
    shutil.copy(lock, done)


main(sys.argv[1])
