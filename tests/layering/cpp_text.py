# SPDX-License-Identifier: Apache-2.0
"""C++ as text, for the house rules: comments and literals blanked, #include directives, and what has static storage.

Nothing here preprocesses or parses in full. Where text alone cannot tell (a macro that makes a variable, `T x(y);` that may
be a function), storage.py reads the compiled objects and sees it.
"""
import re
from typing import NamedTuple

# Comments, and string and character literals (a ' between digits is not one).
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*(?:#|%:)[ \t]*(\w+)[ \t]*([^\n]*)", re.MULTILINE)
MODULE = re.compile(r'^[ \t]*(?:export[ \t]+)?(?:import[ \t]*[<"\w:]|module\b)', re.MULTILINE)
TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|::|->|[^\w\s]")
CONTINUATION = re.compile(r"\\\n")


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def without_comments(text):
    """The text with comments and raw strings blanked; other literals stay, for the names that includes give in quotes."""
    return NOT_CODE.sub(lambda m: m.group(0) if m.group(0)[0] == '"' else blank(m), text)


def code_only(text):
    """The text with comments blanked, and all literals but their first quote: what is left is code."""
    return NOT_CODE.sub(lambda m: blank(m) if m.group(0)[0] == "/" else '"' + blank(m)[1:], text)


class Include(NamedTuple):
    position: int
    name: str     # "" when the directive does not say it: a macro
    quoted: bool


def includes(text):
    """Every directive that brings another file in, however it is written."""
    found = []
    for m in DIRECTIVE.finditer(without_comments(text)):
        if m.group(1) not in ("include", "include_next", "import", "embed"):
            continue
        name = re.match(r'"([^"]+)"|<([^>]+)>', m.group(2))
        if name is None or m.group(1) != "include":
            found.append(Include(m.start(1), "", False))
        else:
            found.append(Include(m.start(2), name.group(1) or name.group(2), name.group(1) is not None))
    return found + [Include(m.start(), "", False) for m in MODULE.finditer(code_only(text))]


def stray_continuations(text):
    """Lines that end in a backslash outside of #define: they could cut a directive or a name in two."""
    code = code_only(text)
    spans = [m.span() for m in re.finditer(r"^[ \t]*#[ \t]*(?:define|if|elif)\b(?:[^\n]*\\\n)*", code, re.MULTILINE)]
    return [m.start() for m in CONTINUATION.finditer(code) if not any(a <= m.start() < b for a, b in spans)]


NO_VARIABLE = {"using", "typedef", "static_assert", "friend", "namespace", "concept", "requires", "asm"}
CLOSERS = {"(": ")", "{": "}", "[": "]"}


def _skip(tokens, i):
    """Behind the bracket that closes the one at i."""
    closer, depth = CLOSERS[tokens[i]], 0
    for j in range(i, len(tokens)):
        depth += (tokens[j] == tokens[i]) - (tokens[j] == closer)
        if depth == 0:
            return j + 1
    return len(tokens)


def _without_preamble(tokens):
    """Without template<...>, attributes and alignas(...) in front."""
    while tokens:
        if tokens[0] == "__extension__":
            tokens = tokens[1:]
        elif tokens[0] == "[":
            tokens = tokens[_skip(tokens, 0):]
        elif tokens[0] == "alignas" and len(tokens) > 1:
            tokens = tokens[_skip(tokens, 1):]
        elif tokens[:2] == ["template", "<"]:
            depth, i = 0, 1
            while i < len(tokens):
                depth += (tokens[i] == "<") - (tokens[i] == ">")
                i += 1
                if depth == 0:
                    break
            tokens = tokens[i:]
        else:
            break
    return tokens


def _head(tokens):
    """A declaration up to its initialiser."""
    for i, t in enumerate(tokens):
        if t in ("=", "{", ";") and tokens[max(i - 1, 0)] != "operator":
            return tokens[:i]
    return tokens


def _is_mutable(tokens):
    """Whether these tokens declare a variable that can be written to. What has parentheses counts as a function."""
    head = _head(_without_preamble(tokens))
    if len(head) < 2 or head[0] in NO_VARIABLE or "(" in head or "operator" in head or "template" in head[:2]:
        return False
    depth, plain = 0, []
    for t in head:  # what is inside <> says nothing about the variable itself
        depth -= t == ">"
        if depth == 0:
            plain.append(t)
        depth += t == "<"
    if "constexpr" in plain:
        return False
    star = max((i for i, t in enumerate(plain) if t == "*"), default=-1)
    return "const" not in plain[star + 1:]


class _Statics:
    def __init__(self, code):
        self.tokens, self.positions, self.found = [], [], []
        for m in TOKEN.finditer(code):
            self.tokens.append(m.group(0))
            self.positions.append(m.start())

    def inside(self, begin, end):
        """Statics of the functions and lambdas between two tokens."""
        for i in range(begin, end):
            if self.tokens[i] in ("static", "thread_local") and self.tokens[i - 1] not in ("static", "thread_local"):
                if _is_mutable(self.tokens[i:min(end, i + 100)]):
                    self.found.append(self.positions[i])

    def scope(self, i, in_class):
        """Reads the declarations of a namespace or a class up to the } that ends it; returns what is behind it."""
        first, type_in_front = i, False  # the declaration begins at `first`, or behind the body of a type
        while i < len(self.tokens):
            t = self.tokens[i]
            words = _without_preamble(self.tokens[first:i])
            if t == "}":
                return i + 1
            if t == ";":
                declares = len(words) > 0 if type_in_front else _is_mutable(words) and words[0] not in self.TYPES
                if declares and (not in_class or "static" in words):
                    self.found.append(self.positions[first])
                i, type_in_front = i + 1, False
                first = i
            elif t in "([":
                end = _skip(self.tokens, i)
                self.inside(i, end)
                i = end
            elif t == ":" and words in (["public"], ["private"], ["protected"]):
                first = i = i + 1
            elif t != "{":
                i += 1
            elif "namespace" in words[:2] or words == ["extern", '"']:
                first = i = self.scope(i + 1, False)
            elif words and words[0] in self.TYPES and "(" not in words and "=" not in words:
                i = _skip(self.tokens, i) if words[0] == "enum" else self.scope(i + 1, True)
                first, type_in_front = i, True
            else:  # a function's body, one item of a constructor's list, or a value
                end = _skip(self.tokens, i)
                self.inside(i, end)
                i = end
                is_body = "(" in _head(words) or "operator" in words
                if is_body and self.tokens[i:i + 1] not in ([","], ["{"]):
                    first = i
        return i

    TYPES = {"class", "struct", "union", "enum"}


def mutable_statics(text):
    """Positions of variables with static storage that can be written to: of namespaces, of classes, and of functions."""
    code = re.sub(r"^[ \t]*(?:#|%:)(?:[^\n]*\\\n)*[^\n]*", blank, code_only(text), flags=re.MULTILINE)
    statics = _Statics(code)
    statics.scope(0, False)
    return statics.found
