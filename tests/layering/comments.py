#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Wraps the comment lines that are too long: python3 comments.py FILE ...

clang-format does not touch comments (it breaks examples and tables in them), so this carries the words that are too many
into the next line of the same paragraph, or into a new one, and cuts rulers. Examples, and comments behind code, it leaves to
you and prints. A tool, not a test; layering.py finds the lines.
"""
import re
import sys

COLUMNS_MAX = 120
COMMENT = re.compile(r"^(\s*)(///?)(\s+)(\S.*)$")
COLUMNS = re.compile(r"\S {2,}\S")     # a table or an example, laid out by hand
ITEM = re.compile(r"([-*] |\d+\. )")


def hanging(comment, below):
    """The blanks in front of this comment's next line; None if its layout is its author's."""
    blanks, text = comment.group(3), comment.group(4)
    if not COLUMNS.search(text):
        item = ITEM.match(text)
        return blanks + " " * len(item.group(1)) if item else blanks
    entry = re.match(r"\S+ {2,}(?=\S)", text)  # a word, and what it means, aligned
    widths = (len(blanks), len(blanks) + len(entry.group(0))) if entry else ()
    if entry and not COLUMNS.search(text, entry.end()) and (below is None or len(below.group(3)) in widths):
        return blanks + " " * len(entry.group(0))
    return None


def wrap(lines):
    """The lines wrapped, and the numbers of those that were left."""
    lines, left, i = list(lines), [], 0
    while i < len(lines):
        comment = COMMENT.match(lines[i])
        if len(lines[i]) <= COLUMNS_MAX:
            i += 1
        elif comment and re.search(r"-{20,}$", lines[i]):
            lines[i] = lines[i][:COLUMNS_MAX]
        else:
            below = COMMENT.match(lines[i + 1]) if i + 1 < len(lines) else None
            blanks = hanging(comment, below) if comment else None
            cut = lines[i].rfind(" ", 0, COLUMNS_MAX + 1)
            if blanks is None or cut <= len(comment.group(1) + comment.group(2) + blanks):
                left.append(i + 1)
                i += 1
                continue
            front, over = comment.group(1) + comment.group(2) + blanks, lines[i][cut + 1:]
            goes_on = below and below.group(0).startswith(front) and below.group(3) == blanks
            if goes_on and not ITEM.match(below.group(4)) and not COLUMNS.search(below.group(4)):
                lines[i + 1] = front + over + " " + below.group(4)
            else:
                lines.insert(i + 1, front + over)
            lines[i] = lines[i][:cut].rstrip()
            i += 1
    return lines, left


def main(paths):
    for path in paths:
        with open(path, encoding="utf-8") as f:
            before = f.read().split("\n")
        after, left = wrap(before)
        if after != before:
            with open(path, "w", encoding="utf-8") as f:
                f.write("\n".join(after))
        for number in left:
            print("%s:%d: left as it is" % (path, number))


if __name__ == "__main__":
    main(sys.argv[1:])
