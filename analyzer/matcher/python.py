"""The reference engine: each template as a few possessive regular expressions and scanners, found by a small dispatch.

Knows how to run a grammar over the message of one line; knows neither framing nor Arrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from analyzer.grammar import Field, Grammar, KeyList, ListDef, ListKey, Lit, Node, Opt, Template, Words
from analyzer.matcher import store
from analyzer.matcher.scanners import MAILBOX, QUOTED, SCANNERS, Scanner
from analyzer.matcher.store import Fields, Store

#: What a type takes, as a possessive pattern; the others are scanners.
PATTERNS: dict[str, bytes] = {
    "word": rb"[^ ]++",
    "host": rb'[^ \[\]<>(),;="]++',
    "bracketed": rb"[^\]]*+",
    "ip": rb"[^\]]*+",
    "nocomma": rb"[^,]++",
    "nocolon": rb"[^:]++",
    "nosemi": rb"[^;]++",
    "noequal": rb"[^ =]++",
    "inparen": rb"[^)]*+",
    "inquotes": rb'[^"]*+',
    "letters": rb"[A-Za-z]++",
    "int": rb"[0-9]++",
    "dotted": rb"[0-9.]++",
    "rest": rb".*+",
    "paren": rb".*+",
    "coded": rb"[2-5][0-9][0-9](?:[ -].*+|$)",
    "inreply": rb".*+",
    "accepted": rb".*+",
    "seconds": rb"[0-9.]++",
    "delays4": rb"[0-9./]++",
    "exim_time": rb"[0-9wdhms.]++",
    "sendmail_time": rb"[0-9+:]++",
    "mailbox": MAILBOX,
    "quoted": QUOTED,
    "cutquoted": rb'"(?:[^"\\]|\\.)*+(?:"|\\?$)',
}

#: A decoy in front of the true end costs one try; a line of 2,000 bytes holds no more than this many of the shortest.
TAIL_TRIES = 128

#: How a queue ID looks at the start of a message, by the grammar's `id`. NOQUEUE stands where an ID would and is none.
ID_SHAPES: dict[str, re.Pattern[bytes]] = {
    # Short IDs are upper-case hexadecimal, long ones have no vowel: without that rule `warning: ` would be one.
    "postfix": re.compile(rb"(?:NOQUEUE|([0-9A-F]{5,18}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,24})): "),
    "exim": re.compile(rb"([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4})(?: |$)"),
    "sendmail": re.compile(rb"(?:NOQUEUE|([0-9A-Za-z]{3,8}[0-9]{5,10})): "),
}


class Match(NamedTuple):
    """A recognised line: its template and what its fields took, constants filled in."""

    template: Template
    fields: Fields


class Run(NamedTuple):
    """Consecutive nodes as one possessive pattern, with the groups to store."""

    pattern: re.Pattern[bytes]
    stores: tuple[tuple[int, str, Store], ...]
    words: tuple[tuple[int, str, Mapping[bytes, str | None]], ...]


class Scan(NamedTuple):
    """A scanner and the column that it fills."""

    scanner: Scanner
    column: str | None


class Branch(NamedTuple):
    """An optional part that holds a scanner or a list."""

    literal: bytes
    steps: tuple[Step, ...]


class Keys(NamedTuple):
    """A key list, ready to run."""

    definition: ListDef
    key: re.Pattern[bytes]
    flag: re.Pattern[bytes]
    readers: Mapping[str, tuple[re.Pattern[bytes] | None, Scanner | None, Store]]


class Tail(NamedTuple):
    """A field up to the last place of its literal from which the rest matches."""

    column: str | None
    save: Store
    literal: bytes
    steps: tuple[Step, ...]


Step = Run | Scan | Branch | Keys | Tail


class Candidate:
    """A template that may match a line with this prefix; compiled when the first such line comes."""

    def __init__(self, template: Template, prefix: bytes, compiler: _Compiler) -> None:
        self.template = template
        self.prefix = prefix
        self._compiler = compiler

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What the template does."""
        return self._compiler.template(self.template)

    @cached_property
    def subs(self) -> tuple[tuple[Template, tuple[Step, ...]], ...]:
        """What its sub-templates do."""
        return self._compiler.sub(self.template.sub) if self.template.sub else ()


class Matcher:
    """Runs the lines of one MTA's grammar over messages."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self._id = ID_SHAPES[grammar.id_shape]
        self._undouble = "undouble" in grammar.traits
        compiler = _Compiler(grammar)
        self._all = [c for template in grammar.lines for c in compiler.candidates(template)]
        self._dispatch: dict[tuple[str, bool], tuple[tuple[Candidate, ...], ...]] = {}

    def match(self, process: str, message: bytes) -> Match | None:
        """The first template, in the order of rank and file, that takes the whole message; None if none does."""
        return next(self._matches(process, message), None)

    def matches(self, process: str, message: bytes) -> list[Match]:
        """Every template that takes the message, for the laws of the sample harness."""
        return list(self._matches(process, message))

    def queue_id(self, message: bytes) -> tuple[bytes | None, int]:
        """The queue ID in front (None for NOQUEUE) and where the rest begins, 0 if there is neither."""
        match = self._id.match(message)
        return (match[1], match.end()) if match is not None else (None, 0)

    def _matches(self, process: str, message: bytes) -> Iterator[Match]:
        if self._undouble and b"\\\\" in message:
            message = message.replace(b"\\\\", b"\\")
        match = self._id.match(message)
        start = match.end() if match is not None else 0
        if start >= len(message):
            return
        for candidate in self._candidates(process, match is not None)[message[start]]:
            if not message.startswith(candidate.prefix, start):
                continue
            fields: Fields = {}
            if run(candidate.steps, message, start, fields) == len(message):
                if match is not None and match[1] is not None:
                    fields["queue_id"] = match[1]
                finish(candidate, fields)
                yield Match(candidate.template, fields)

    def _candidates(self, process: str, has_id: bool) -> tuple[tuple[Candidate, ...], ...]:
        table = self._dispatch.get((process, has_id))
        if table is None:
            # A program name that tells no service (RFC 5424 from rsyslog: `postfix` alone) may say any of the lines.
            everything = process not in self.grammar.processes
            chosen = [
                c
                for c in self._all
                if c.template.has_id in (None, has_id) and (everything or c.template.process is None or process in c.template.process)
            ]
            chosen.sort(key=lambda c: c.template.rank)
            table = tuple(tuple(c for c in chosen if not c.prefix or c.prefix[0] == byte) for byte in range(256))
            if len(self._dispatch) < 1000:
                self._dispatch[process, has_id] = table
        return table


def run(steps: tuple[Step, ...], line: bytes, position: int, fields: Fields) -> int:
    """Run steps from a position; the position reached, or -1. No step gives back what it took."""
    for step in steps:
        if isinstance(step, Run):
            match = step.pattern.match(line, position)
            if match is None:
                return -1
            for group, column, save in step.stores:
                value = match[group]
                if value is not None:
                    save(fields, column, value)
            for group, column, words in step.words:
                value = match[group]
                if value is not None:
                    word = words[value]
                    if word is not None:
                        fields.setdefault(column, word)
            position = match.end()
        elif isinstance(step, Scan):
            position = step.scanner(line, position, fields, step.column)
        elif isinstance(step, Branch):
            if line.startswith(step.literal, position):
                position = run(step.steps, line, position + len(step.literal), fields)
        elif isinstance(step, Keys):
            position = _keys(step, line, position, fields)
        else:
            return _tail(step, line, position, fields)
        if position < 0:
            return -1
    return position


def _tail(step: Tail, line: bytes, position: int, fields: Fields) -> int:
    high = len(line)
    for _ in range(TAIL_TRIES):
        place = line.rfind(step.literal, position, high)
        if place < 0:
            return -1
        trial: Fields = {}
        if run(step.steps, line, place + len(step.literal), trial) == len(line):
            if step.column is not None:
                step.save(fields, step.column, line[position:place])
            for column, value in trial.items():
                fields.setdefault(column, value)
            return len(line)
        high = place + len(step.literal) - 1
    return -1


def _keys(step: Keys, line: bytes, position: int, fields: Fields) -> int:
    """One round: separator, key and value, or a bare word. Ends before the separator that none of these follows."""
    separator = step.definition.separator
    first = position == 0 or line[position - len(separator) : position] == separator
    seen: set[bytes] = set()
    while True:
        place = position
        if line.startswith(separator, place):
            place += len(separator)
        elif not first:
            return position
        match = step.key.match(line, place)
        if match is None:
            flag = step.flag.match(line, place)
            if flag is None or (place == position and not first):
                return position
            position, first = flag.end(), False
            continue
        key = match[1]
        definition = step.definition.keys.get(key)
        end = -1
        if definition is not None:
            fresh = key not in seen
            seen.add(key)
            end = _value(step, definition, line, match.end(), fields, store_it=fresh or definition.last)
        if end < 0:
            end = _value(step, ListKey(step.definition.default, None), line, match.end(), fields, store_it=False)
        if end < 0:
            end = match.end()
        position, first = end, False
        if definition is not None and definition.ends:
            return position


def _value(step: Keys, key: ListKey, line: bytes, position: int, fields: Fields, *, store_it: bool) -> int:
    if key.before:
        end = line.find(key.before, position)
        end = len(line) if end < 0 else end
        if store_it and key.column is not None:
            store.text(fields, key.column, line[position:end])
        return end
    pattern, scanner, save = step.readers[key.type]
    if scanner is not None:
        return scanner(line, position, fields, key.column if store_it else None)
    assert pattern is not None
    brackets = key.type == "mailbox"
    if brackets and line[position : position + 1] != b"<":
        return -1
    match = pattern.match(line, position + brackets)
    if match is None or (brackets and line[match.end() : match.end() + 1] != b">"):
        return -1
    if store_it and key.column is not None:
        if key.last:
            _forget(fields, key.column)
        save(fields, key.column, match[0])
    return match.end() + brackets


def _forget(fields: Fields, column: str) -> None:
    for name in ("reply_code", "enhanced_code", "text") if column == "reply" else (column,):
        fields.pop(name, None)


def finish(candidate: Candidate, fields: Fields) -> None:
    """Sub-templates over the text, then the constants: conditional ones first, the line's own last; the earliest wins."""
    text = fields.get("text")
    if candidate.subs and text is not None and "reply_code" not in fields:
        for sub, steps in candidate.subs:
            found: Fields = {}
            if run(steps, text, 0, found) == len(text):
                fields.pop("text")
                fields.update(found)
                fields.setdefault("text", text)
                _conditions(sub, fields)
                break
    _conditions(candidate.template, fields)


def _conditions(template: Template, fields: Fields) -> None:
    for column, table in template.by.items():
        value = fields.get(column)
        if value is not None:
            key = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
            _fill(fields, table.get(key) or table.get(key[:1]) or {})
    for column, constants in template.when_there.items():
        if fields.get(column) is not None:
            _fill(fields, constants)
    for column, constants in template.when_absent.items():
        if fields.get(column) is None:
            _fill(fields, constants)
    _fill(fields, template.constants)


def _fill(fields: Fields, constants: Mapping[str, str]) -> None:
    for column, value in constants.items():
        fields.setdefault(column, value or None)


class _Compiler:
    """Templates to steps."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self._lists = {name: self._keys(definition) for name, definition in grammar.lists.items()}
        self._templates: dict[str, tuple[Step, ...]] = {}
        self._subs: dict[str, tuple[tuple[Template, tuple[Step, ...]], ...]] = {}

    def candidates(self, template: Template) -> list[Candidate]:
        """One per literal that the line may begin with."""
        return [Candidate(template, prefix, self) for prefix in template.starts or _beginnings(template.nodes)]

    def template(self, template: Template) -> tuple[Step, ...]:
        """The steps of a template, made once."""
        if template.name not in self._templates:
            self._templates[template.name] = self.steps(template.nodes)
        return self._templates[template.name]

    def sub(self, name: str) -> tuple[tuple[Template, tuple[Step, ...]], ...]:
        """The steps of a group of sub-templates, made once."""
        if name not in self._subs:
            self._subs[name] = tuple((template, self.steps(template.nodes)) for template in self.grammar.subs[name])
        return self._subs[name]

    def steps(self, nodes: tuple[Node, ...]) -> tuple[Step, ...]:
        """Merge neighbours that a pattern can do; scanners, lists and tails stand alone."""
        steps: list[Step] = []
        pending: list[Node] = []

        def flush() -> None:
            if pending:
                steps.append(_run(tuple(pending)))
                pending.clear()

        for index, node in enumerate(nodes):
            if isinstance(node, Field) and node.type == "tail":
                flush()
                literal = nodes[index + 1]
                assert isinstance(literal, Lit)
                steps.append(Tail(node.column, store.text, literal.text, self.steps(nodes[index + 2 :])))
                return tuple(steps)
            if _is_plain(node):
                pending.append(node)
                continue
            flush()
            if isinstance(node, Field):
                steps.append(Scan(SCANNERS[node.type], node.column))
            elif isinstance(node, KeyList):
                steps.append(self._lists[node.name])
            elif isinstance(node, Opt):
                literal = node.nodes[0]
                assert isinstance(literal, Lit)
                steps.append(Branch(literal.text, self.steps(node.nodes[1:])))
        flush()
        return tuple(steps)

    def _keys(self, definition: ListDef) -> Keys:
        kinds = {key.type for key in definition.keys.values() if not key.before} | {definition.default}
        readers = {
            kind: (
                re.compile(PATTERNS[kind], re.DOTALL) if kind in PATTERNS else None,
                SCANNERS.get(kind),
                store.for_type(kind),
            )
            for kind in kinds
        }
        separator = re.escape(definition.separator[:1])
        flags = b"|".join(re.escape(flag) for flag in definition.flags) or rb"(?!)"
        flag = re.compile(rb"(?:" + flags + rb")(?=" + separator + rb"|$)")
        return Keys(definition, re.compile(rb"([A-Za-z0-9_*.-]{1,40}+)="), flag, readers)


def _beginnings(nodes: tuple[Node, ...]) -> tuple[bytes, ...]:
    first = nodes[0]
    if isinstance(first, Lit):
        return (first.text,)
    if isinstance(first, Words):
        return tuple(word for word, _ in first.words)
    return (b"",)


def _is_plain(node: Node) -> bool:
    if isinstance(node, Opt):
        return all(_is_plain(inner) for inner in node.nodes)
    return isinstance(node, (Lit, Words)) or (isinstance(node, Field) and node.type in PATTERNS)


def _run(nodes: tuple[Node, ...]) -> Run:
    stores: list[tuple[int, str, Store]] = []
    words: list[tuple[int, str, Mapping[bytes, str | None]]] = []
    groups = 0

    def pattern(node: Node) -> bytes:
        nonlocal groups
        if isinstance(node, Lit):
            return re.escape(node.text)
        if isinstance(node, Words):
            body = b"(?>" + b"|".join(re.escape(word) for word, _ in node.words) + b")"
            if node.column is None:
                return body
            groups += 1
            words.append((groups, node.column, dict(node.words)))
            return b"(" + body + b")"
        if isinstance(node, Opt):
            literal = node.nodes[0]
            assert isinstance(literal, Lit)
            inner = b"".join(pattern(n) for n in node.nodes)
            return b"(?>" + inner + b"|(?!" + re.escape(literal.text) + b"))"
        assert isinstance(node, Field)
        body = PATTERNS[node.type]
        if node.column is None and node.type not in ("delays4", "inreply"):
            return b"(?:" + body + b")"
        groups += 1
        stores.append((groups, node.column or "delays", store.for_type(node.type)))
        return b"(" + body + b")"

    text = b"".join(pattern(node) for node in nodes)
    return Run(re.compile(text, re.DOTALL), tuple(stores), tuple(words))


def process_of(tag: bytes, grammar: Grammar) -> tuple[str, str] | None:
    """(instance, process) if a program name is one of this MTA's, else None.

    A tag of the grammar may end in ``*``; one that begins with ``!`` is another's. An MTA with ``processes`` is also
    known by its last component, whatever the instance before it is called (``postfix-out/smtp``, ``mx/submission/smtpd``).
    """
    name = tag.decode("utf-8", "backslashreplace")
    instance, slash, last = name.rpartition("/")
    if slash and last in grammar.processes:
        return instance, last
    if any(_fits(name, known[1:]) for known in grammar.tags if known.startswith("!")):
        return None
    for known in grammar.tags:
        if _fits(name, known) or (slash and instance == known):
            return (instance, last) if slash else (name, name)
    return None


def _fits(name: str, known: str) -> bool:
    return name == known or (known.endswith("*") and name.startswith(known[:-1]))




def compile_nodes(grammar: Grammar, nodes: tuple[Node, ...]) -> tuple[Step, ...]:
    """Steps for a part of a template, to see how far it comes in a line."""
    return _Compiler(grammar).steps(nodes)
