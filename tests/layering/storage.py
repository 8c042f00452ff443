#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""No object of the core has storage that can be written to: python3 storage.py LIBRARY ...

layering.py reads the sources; this asks the compiled libraries, which sees what macros, templates and constructors hide.
Prints each variable in a writable section (.data, .bss, .tdata, .tbss), but not those of other projects' namespaces. A
constant that is computed at run time is in such a section too; those that are meant are listed.
"""
import os
import re
import subprocess
import sys

SYMBOL = re.compile(r"^[0-9a-f]+ (.{7}) (\.(?:data|bss|tdata|tbss)\S*)\s+[0-9a-f]+ +(?:\.hidden )?(\S.*)$")
# Relocated once when the program is loaded, and read-only from then on.
READ_ONLY = re.compile(r"^\.data\.rel\.ro")
OTHERS = re.compile(r"^(?:guard variable for |DW\.ref\.|typeinfo |vtable |construction vtable )"
                    r"|^(?:boost|std|fmt|nlohmann|__gnu_cxx)::")
# Constants that are computed at their first use.
CONSTANTS = {"orrery::sim::default_cost_table()::table"}


def variables(library):
    out = subprocess.run(["objdump", "-t", "-C", library], capture_output=True, text=True, check=True).stdout
    member = ""
    for line in out.split("\n"):
        if ":     file format" in line:
            member = line.split(":")[0]
        m = SYMBOL.match(line)
        flags, section = (m.group(1), m.group(2)) if m else ("", "")
        # An object; or of a thread, where the kind is not said and what is no variable is a section's own name.
        ours = flags[6:] == "O" or (section.startswith(".t") and flags[5] != "d")
        if m and ours and not READ_ONLY.match(section):
            yield member, section.split(".")[1], m.group(3)


def main(libraries):
    found = 0
    for library in libraries:
        if not os.path.isfile(library):
            print("%s is not there: build everything first (cmake --build build/PRESET)" % library)
            return 1
        for member, section, name in variables(library):
            if not OTHERS.match(name) and name not in CONSTANTS:
                found += 1
                print("%s (%s): %s is in .%s: state belongs to a shard or an object, constants are constexpr"
                      % (library.split("/")[-1], member, name, section))
    print("%d libraries, %d variables that can be written to" % (len(libraries), found))
    return 1 if found or not libraries else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
