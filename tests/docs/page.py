# SPDX-License-Identifier: Apache-2.0
"""A page as a list of steps, and whether an output is what the page shows. README.md of this folder has the rules."""
import re
from typing import NamedTuple

NEVER = ("", "sh", "bash", "shell", "shell-session")
FENCE = re.compile(r"^```(\S*)[ \t]*(\S*)[ \t]*$")
NUMBER = r"[-+]?\d[\d,.:]*"
HEX = r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b"
PIECE = re.compile(r"(\.\.\.)|(\s+)|(%s)|(%s)|(-{3,}|={3,})" % (HEX, NUMBER))


class Command(NamedTuple):
    line: int      # where it stands on the page
    text: str      # without its comment
    shows: list    # the lines of its output; "..." for any

    @property
    def stays(self):
        return self.text.endswith("&") and not self.text.endswith("&&")


class File(NamedTuple):
    line: int
    name: str
    text: str


class PageError(Exception):
    pass


def without_comment(command):
    return re.sub(r"\s+#(?=\s).*$", "", command).strip()


def steps(text, name):
    """The commands and files of a page in order. PageError names what breaks the rules."""
    found, block, language, file_name, begin = [], None, "", "", 0
    for number, line in enumerate(text.split("\n"), 1):
        fence = FENCE.match(line)
        if block is None:
            if line.startswith("```"):
                if not fence or fence.group(1) in NEVER:
                    raise PageError("%s:%d: a block says its language; commands are in ```console" % (name, number))
                block, language, file_name, begin = [], fence.group(1), fence.group(2), number
            continue
        if line != "```":
            block.append(line)
            continue
        if language == "console":
            _console(found, block, begin, name)
        elif file_name:
            found.append(File(begin, file_name, "\n".join(block) + "\n"))
        block = None
    if block is not None:
        raise PageError("%s:%d: the block does not end" % (name, begin))
    return found


def _console(found, block, begin, name):
    if not block[0].startswith("$ "):
        last = next((s for s in reversed(found) if isinstance(s, Command)), None)
        if last is None:
            raise PageError("%s:%d: this output has no command before it" % (name, begin))
        last.shows.append("...")
    for number, line in enumerate(block, begin + 1):
        if line.startswith("$ "):
            found.append(Command(number, without_comment(line[2:]), []))
        elif line.startswith("> "):
            last = found.pop()
            found.append(last._replace(text=last.text + "\n" + line[2:]))
        else:
            next(s for s in reversed(found) if isinstance(s, Command)).shows.append(line)


def line_pattern(line):
    out, at = "", 0
    line = line.strip()
    for m in PIECE.finditer(line):
        out += re.escape(line[at:m.start()])
        out += (".*" if m.group(1) else r"[ \t]+" if m.group(2) else "[0-9a-f]{8,}(?:-dirty)?" if m.group(3)
                else NUMBER if m.group(4) else re.escape(m.group(5)[0]) + "+")
        at = m.end()
    return r"[ \t]*" + out + re.escape(line[at:]) + r"[ \t]*\n"


def pattern(shows):
    return "".join(r"(?:[^\n]*\n)*?" if line.strip() == "..." else line_pattern(line) for line in shows)


def agrees(shows, output, whole=True):
    """Whether the output is what is shown; with `whole` false, whether it is somewhere in it."""
    text = re.sub(r"[^\n]*\r", "", output)
    text = text.rstrip() + "\n" if text.strip() else ""
    if whole:
        return re.fullmatch(pattern(shows), text) is not None
    return re.search("(?:^|\n)" + pattern(shows), text) is not None
