"""The grammars as tables of numbers, which the compiled engine (``_native``) runs; what it cannot do is marked as declined.

Knows both engines' building blocks; runs nothing itself. The reference engine (``analyzer.matcher.python``) says what each
entry means: a type whose pattern there is not known here makes its templates declined, never wrong.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType

from analyzer import schema
from analyzer.cached import cached
from analyzer.grammar import (
    SOURCES,
    Field,
    Grammar,
    KeyList,
    ListDef,
    ListKey,
    Lit,
    Node,
    Opt,
    Template,
    Words,
    load_all,
)
from analyzer.matcher import python as reference
from analyzer.matcher import scanners, store

#: Number of the table format; the extension carries the same or is not used.
FORMAT = 1

#: Operations, by number; the extension has the same list.
OPS = ("END", "LIT", "RUN", "MAILBOX", "QUOTED", "CUTQUOTED", "REST", "CODED", "OPT", "SET", "LIST", "TAIL", "SCAN")
#: How what was taken is stored, by number.
SAVES = (
    "text", "int", "ip", "seconds", "delays4", "exim_time", "sendmail_time", "paren", "inreply", "quoted", "cutquoted", "accepted",
)  # fmt: skip
#: The hand-written types, by number.
SCANS = (
    "exim_sender", "exim_recipient", "exim_word", "exim_command", "exim_host", "exim_pair", "exim_place", "exim_stage",
    "plain_words", "sendmail_mailboxes", "sendmail_address", "sendmail_sender", "sendmail_reply", "sendmail_relay",
)  # fmt: skip
#: Of these, the ones that store as any text is stored, by the column.
_ANY_COLUMN = frozenset({"exim_word", "exim_command", "plain_words", "sendmail_reply"})
#: Columns that hold a code of a closed list of words.
CLOSED: dict[str, tuple[str, ...]] = {
    "event": tuple(schema.EVENT_WORDS), "speaker": tuple(schema.SPEAKERS), "stage": tuple(schema.STAGES),
    "reply_origin": tuple(schema.ORIGINS),
}  # fmt: skip
#: What the tables say in a column's place for fields that are none.
NOTHING, REPLY, CLIENT, RELAY = -1, -2, -3, -4

_SLOTS = {column.name: number for number, column in enumerate(schema.EVENTS)}
_NUMBERS = frozenset(c.name for c in schema.EVENTS if c.type.startswith("int"))
_PSEUDO = {"reply": REPLY, "client": CLIENT, "relay": RELAY, "delays": NOTHING}
_CUTQUOTED = rb'"(?:[^"\\]|\\.)*+(?:"|\\?$)'
_CODED = rb"[2-5][0-9][0-9](?:[ -].*+|$)"
_CLASS_RUN = re.compile(rb"(\[.*\])(\+\+|\*\+)", re.DOTALL)
_ID_SHAPES = {
    rb"(?:NOQUEUE|([0-9A-F]{5,18}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,24})): ": 1,
    rb"([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4})(?: |$)": 2,
    rb"(?:NOQUEUE|([0-9A-Za-z]{3,8}[0-9]{5,10})): ": 3,
}
_TRAIT_BITS = {"continued": 1, "split": 2, "second_files": 8, "undouble": 16, "numbered": 32, "host_lines": 64, "closing": 128}  # fmt: skip
_ECHOED = 4
_MAX_KEYS = 64
_ALWAYS, _BY, _THERE, _ABSENT = range(4)


class _UnsupportedError(Exception):
    """The compiled engine has no operation for this; the template is declined."""


@dataclass
class Program:
    """Tables of all grammars. Rows have as many numbers as their comment names; text is (offset, length) in ``literals``."""

    literals: bytearray = field(default_factory=bytearray)
    classes: bytearray = field(default_factory=bytearray)  # 256 bytes each
    ops: array[int] = field(default_factory=lambda: array("i"))  # code a b c slot d
    words: array[int] = field(default_factory=lambda: array("i"))  # text(2) stored value(2)
    lists: array[int] = field(default_factory=lambda: array("i"))  # separator(2) default-op keys(2) flags(2)
    keys: array[int] = field(default_factory=lambda: array("i"))  # text(2) op bits before(2)
    flags: array[int] = field(default_factory=lambda: array("i"))  # text(2)
    rules: array[int] = field(default_factory=lambda: array("i"))  # kind slot choices(2)
    choices: array[int] = field(default_factory=lambda: array("i"))  # text(2) fills(2)
    fills: array[int] = field(default_factory=lambda: array("i"))  # slot value(2); a length of -1 is null
    subs: array[int] = field(default_factory=lambda: array("i"))  # ip rules(2)
    templates: array[int] = field(default_factory=lambda: array("i"))  # rules(2) subs(2)
    candidates: array[int] = field(default_factory=lambda: array("i"))  # prefix(2) ip skip template
    order: array[int] = field(default_factory=lambda: array("i"))  # candidates, as `first` points to them
    first: array[int] = field(default_factory=lambda: array("i"))  # 257 for each group without, then with queue ID
    groups: array[int] = field(default_factory=lambda: array("i"))  # grammar id-shape traits
    group_of: dict[tuple[str, str | None], int] = field(default_factory=dict)
    in_reply: tuple[int, int] = (0, 0)  # words
    exim_stages: tuple[int, int] = (0, 0)  # words
    closed: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(CLOSED))
    numbers: frozenset[str] = _NUMBERS
    asked: set[str] = field(default_factory=set)  # columns on which a rule depends
    names: list[tuple[str, str]] = field(default_factory=list)  # MTA and name of each template
    declined: list[str] = field(default_factory=list)  # names of templates that the reference engine must do

    def group(self, mta: str, process: str) -> int:
        """The group of candidates for a process of an MTA."""
        found = self.group_of.get((mta, process))
        return self.group_of[mta, None] if found is None else found


def compile_program(grammars: Iterable[Grammar]) -> Program:
    """The tables of these grammars."""
    program = Program()
    builder = _Builder(program)
    for grammar in grammars:
        builder.grammar(grammar)
    program.literals.extend(bytes(16))
    return program


def program_for(mta: str | None = None) -> Program:
    """The tables of every grammar, or of one MTA's, as an earlier run may have left them."""

    def make() -> Program:
        return compile_program(grammar for grammar in load_all() if mta in (None, grammar.mta))

    return cached(f"program-{mta or 'all'}", (*SOURCES, "matcher/*.py"), make)


def extension() -> ModuleType | None:
    """The compiled engine, if it was built and is of this format; None means that the reference engine does all."""
    try:
        native = import_module("analyzer.matcher._native")
    except ImportError:
        return None
    columns = tuple(column.name for column in schema.EVENTS)
    same = (
        getattr(native, "FORMAT", None) == FORMAT
        and (native.OPS, native.SAVES, native.SCANS) == (OPS, SAVES, SCANS)
        and native.COLUMNS[: len(columns)] == columns
    )
    return native if same else None


class _Builder:
    """Fills a program's tables."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._grammars = 0
        self._texts: dict[bytes, int] = {}
        self._classes: dict[bytes, int] = {}
        program.in_reply = self._words(("stage", tuple(store.IN_REPLY_TO.items())))
        program.exim_stages = self._words(("stage", tuple(scanners._STAGES.items())))

    def grammar(self, grammar: Grammar) -> None:
        self._mta = grammar.mta
        self._lists = {}
        self._broken_lists: set[str] = set()
        for name, definition in grammar.lists.items():
            try:
                self._lists[name] = self._list(definition)
            except _UnsupportedError:
                self._broken_lists.add(name)
        subs = {name: self._subs(name, templates) for name, templates in grammar.subs.items()}
        rows: list[tuple[Template, bytes, int]] = []
        for template in grammar.lines:
            rows += self._template(template, subs)
        self._groups(grammar, rows)

    # ---- dispatch
    def _groups(self, grammar: Grammar, rows: Sequence[tuple[Template, bytes, int]]) -> None:
        shape = _ID_SHAPES.get(reference.ID_SHAPES[grammar.id_shape].pattern, 0)
        traits = sum(bit for trait, bit in _TRAIT_BITS.items() if trait in grammar.traits) + (_ECHOED if grammar.echoed else 0)
        if not grammar.traits <= set(_TRAIT_BITS):
            shape = 0  # a habit that is not known here: the reference engine reads this MTA
        number = self._grammars
        self._grammars += 1
        for process in (None, *sorted(grammar.processes)):
            self.program.group_of[grammar.mta, process] = len(self.program.groups) // 3
            self.program.groups.extend((number, shape, traits))
            for has_id in (False, True):
                chosen = [
                    (template, prefix, candidate)
                    for template, prefix, candidate in rows
                    if template.has_id in (None, has_id)
                    and (process is None or template.process is None or process in template.process)
                ]
                chosen.sort(key=lambda row: row[0].rank)
                general = [c for _, prefix, c in chosen if not prefix]
                begun = {prefix[0] for _, prefix, _ in chosen if prefix}
                for byte in range(256):
                    self.program.first.append(len(self.program.order))
                    fitting = [c for _, p, c in chosen if not p or p[0] == byte] if byte in begun else general
                    self.program.order.extend(fitting)
                self.program.first.append(len(self.program.order))

    # ---- templates
    def _template(self, template: Template, subs: Mapping[str, tuple[int, int]]) -> list[tuple[Template, bytes, int]]:
        number = len(self.program.templates) // 4
        self.program.names.append((template.mta, template.name))
        rules = self._rules(template)
        self.program.templates.extend((*rules, *(subs[template.sub] if template.sub else (0, 0))))
        ip = self._start(template)
        first = template.nodes[0]
        skip = len(first.text) if isinstance(first, Lit) and not template.starts else 0
        rows = []
        for prefix in template.starts or reference._beginnings(template.nodes):
            rows.append((template, prefix, len(self.program.candidates) // 5))
            self.program.candidates.extend((*self._text(prefix), ip, skip, number))
        return rows

    def _subs(self, name: str, templates: Sequence[Template]) -> tuple[int, int]:
        rows = [(self._start(template, whole=True), *self._rules(template)) for template in templates]
        start = len(self.program.subs) // 3
        for row in rows:
            self.program.subs.extend(row)
        return start, len(rows)

    def _start(self, template: Template, *, whole: bool = False) -> int:
        """Where the template's operations begin, -1 if it is declined. Its first literal is tested by the dispatch."""
        nodes = template.nodes
        before = len(self.program.ops)
        try:
            self._check_order(nodes)
            skip = 1 if not whole and not template.starts and isinstance(nodes[0], Lit) else 0
            self._sequence(nodes[skip:])
        except _UnsupportedError:
            del self.program.ops[before:]
            self.program.declined.append(f"{template.mta}/{template.name}")
            return -1
        self._op("END")
        return before // 6

    def _check_order(self, nodes: Sequence[Node]) -> None:
        """The reference stores a pattern's words after its fields: where both may set a column, order would matter."""
        kinds = {node.type for node in _walk(nodes) if isinstance(node, Field)}
        if "inreply" in kinds and any(isinstance(node, Words) and node.column == "stage" for node in _walk(nodes)):
            raise _UnsupportedError

    def _sequence(self, nodes: Sequence[Node]) -> None:
        for index, node in enumerate(nodes):
            if isinstance(node, Lit):
                self._op("LIT", *self._text(node.text))
            elif isinstance(node, Words):
                self._op("SET", *self._words((node.column, node.words)), slot=self._slot(node.column, words=True))
            elif isinstance(node, KeyList):
                if node.name in self._broken_lists:
                    raise _UnsupportedError
                self._op("LIST", self._lists[node.name])
            elif isinstance(node, Opt):
                first = node.nodes[0]
                assert isinstance(first, Lit)
                place = self._op("OPT", *self._text(first.text))
                self._sequence(node.nodes[1:])
                self.program.ops[place * 6 + 3] = len(self.program.ops) // 6
            elif node.type == "tail":
                literal = nodes[index + 1]
                assert isinstance(literal, Lit)
                self._op("TAIL", *self._text(literal.text), slot=self._slot(node.column))
                self._sequence(nodes[index + 2 :])
                return
            else:
                self._field(node.column, node.type)

    def _field(self, column: str | None, kind: str) -> int:
        """The operation that takes and stores one field."""
        if kind in scanners.SCANNERS:
            return self._scan(column, kind)
        pattern = reference.PATTERNS.get(kind, b"")
        if kind in store.STORES and kind not in SAVES:
            raise _UnsupportedError
        save = SAVES.index(kind) if kind in store.STORES else 0
        slot = self._slot(column)
        if kind in ("seconds", "exim_time", "sendmail_time") and column is not None and column not in _NUMBERS:
            raise _UnsupportedError
        if kind == "ip" and (column in _NUMBERS or slot < NOTHING):
            raise _UnsupportedError
        run = _CLASS_RUN.fullmatch(pattern)
        if pattern == scanners.MAILBOX:
            return self._op("MAILBOX", c=save, slot=slot)
        if pattern == scanners.QUOTED:
            return self._op("QUOTED", c=save, slot=slot)
        if pattern == _CUTQUOTED:
            return self._op("CUTQUOTED", c=save, slot=slot)
        if pattern == _CODED:
            return self._op("CODED", c=save, slot=slot)
        if pattern == b".*+":
            return self._op("REST", c=save, slot=slot)
        if run is not None:
            return self._op("RUN", self._class(run[1]), int(run[2] == b"++"), save, slot)
        raise _UnsupportedError

    def _scan(self, column: str | None, kind: str) -> int:
        if kind not in SCANS:
            raise _UnsupportedError
        beside = NOTHING
        slot = self._slot(column)
        if kind in ("exim_host", "sendmail_relay"):
            if slot not in (NOTHING, CLIENT, RELAY):
                raise _UnsupportedError
        elif kind == "exim_pair":
            if column is not None:
                if column not in scanners._PAIRS:
                    raise _UnsupportedError
                beside = _SLOTS[scanners._PAIRS[column]]
        elif kind not in _ANY_COLUMN and (slot < NOTHING or column in _NUMBERS or column in CLOSED):
            raise _UnsupportedError
        if kind == "sendmail_mailboxes" and column not in (None, "recipient"):
            raise _UnsupportedError
        return self._op("SCAN", SCANS.index(kind), slot=slot, d=beside)

    def _slot(self, column: str | None, *, words: bool = False) -> int:
        if column is None:
            return NOTHING
        if column in _PSEUDO:
            return _PSEUDO[column]
        if (column in CLOSED and not words) or (column in _NUMBERS and words):
            raise _UnsupportedError
        if column in _NUMBERS and column not in store.NUMBERS and not column.endswith("_ms"):
            raise _UnsupportedError
        return _SLOTS[column]

    # ---- lists
    def _list(self, definition: ListDef) -> int:
        if len(definition.keys) > _MAX_KEYS:
            raise _UnsupportedError
        default = self._field(None, definition.default)
        keys: list[tuple[int, ...]] = []
        for text, key in definition.keys.items():
            keys.append((*self._text(text), self._key_op(key), key.last + 2 * key.ends, *self._text(key.before)))
        number = len(self.program.lists) // 7
        first_key, first_flag = len(self.program.keys) // 6, len(self.program.flags) // 2
        for row in keys:
            self.program.keys.extend(row)
        for flag in definition.flags:
            self.program.flags.extend(self._text(flag))
        separator = self._text(definition.separator)
        self.program.lists.extend((*separator, default, first_key, len(keys), first_flag, len(definition.flags)))
        return number

    def _key_op(self, key: ListKey) -> int:
        if key.last and key.column is not None and key.column in CLOSED:
            raise _UnsupportedError
        if key.before:
            return self._op("REST", slot=self._slot(key.column))
        if key.type in ("inreply", "delays4") and key.column is None:
            return self._op("REST")  # nothing is stored; both take what a run takes
        return self._field(key.column, key.type)

    # ---- constants
    def _rules(self, template: Template) -> tuple[int, int]:
        """By a column's value, with a column, without it, always: in the order of the reference's `_conditions`."""
        rows: list[tuple[int, int, int, int]] = []
        for column, table in template.by.items():
            rows.append((_BY, _SLOTS.get(column, NOTHING), *self._choices({k: v for k, v in table.items() if v})))
        for column, constants in template.when_there.items():
            rows.append((_THERE, _SLOTS.get(column, NOTHING), *self._choices({"": constants})))
        for column, constants in template.when_absent.items():
            rows.append((_ABSENT, _SLOTS.get(column, NOTHING), *self._choices({"": constants})))
        if template.constants:
            rows.append((_ALWAYS, NOTHING, *self._choices({"": template.constants})))
        self.program.asked.update(template.by, template.when_there, template.when_absent)
        start = len(self.program.rules) // 4
        for row in rows:
            self.program.rules.extend(row)
        return start, len(rows)

    def _choices(self, table: Mapping[str, Mapping[str, str]]) -> tuple[int, int]:
        rows = []
        for text, constants in table.items():
            start = len(self.program.fills) // 3
            for column, value in constants.items():
                self.program.fills.extend((_SLOTS[column], *self._value(column, value or None)))
            rows.append((*self._text(text.encode()), start, len(constants)))
        start = len(self.program.choices) // 4
        for row in rows:
            self.program.choices.extend(row)
        return start, len(rows)

    def _value(self, column: str, value: str | None) -> tuple[int, int]:
        if value is None:
            return 0, -1
        if column in CLOSED:
            return CLOSED[column].index(value), 0
        return self._text(value.encode())

    # ---- pieces
    def _words(self, words: tuple[str | None, Sequence[tuple[bytes, str | None]]]) -> tuple[int, int]:
        column, pairs = words
        start = len(self.program.words) // 5
        for text, value in pairs:
            stored = column is not None and value is not None and column not in _PSEUDO
            self.program.words.extend((*self._text(text), int(stored), *self._value(column or "", value if stored else None)))
        return start, len(pairs)

    def _text(self, text: bytes) -> tuple[int, int]:
        if text not in self._texts:
            self._texts[text] = len(self.program.literals)
            self.program.literals.extend(text)
        return self._texts[text], len(text)

    def _class(self, pattern: bytes) -> int:
        if pattern not in self._classes:
            one = re.compile(pattern, re.DOTALL)
            self._classes[pattern] = len(self.program.classes)
            self.program.classes.extend(int(one.fullmatch(bytes((byte,))) is not None) for byte in range(256))
        return self._classes[pattern]

    def _op(self, code: str, a: int = 0, b: int = 0, c: int = 0, slot: int = NOTHING, d: int = NOTHING) -> int:
        self.program.ops.extend((OPS.index(code), a, b, c, slot, d))
        return len(self.program.ops) // 6 - 1


def _walk(nodes: Sequence[Node]) -> Iterable[Node]:
    for node in nodes:
        yield node
        if isinstance(node, Opt):
            yield from _walk(node.nodes)
