"""The lines of each MTA as data: one TOML file per MTA in the template language described here.

Knows the language, its checks and the files; runs nothing (that is ``analyzer.matcher``).

To add a line of a known MTA: one ``[[line]]`` in ``grammar/<mta>.toml`` with its ``[[line.sample]]``; the test
``tests/test_grammar_samples.py`` says what is missing. To add an MTA: one new file here.

The language (works on bytes; takes and never gives back, so a scan and a possessive regex agree):

=====================  ==================================================================================================
``text``               itself; ``{{`` and ``}}`` are braces
``{column:type}``      what the type takes (``TYPES``); ``{:type}`` is dropped; the column ``reply`` goes through the reply parser
``{column=a:x|b:y}``   the longest listed word, stored as the value after the colon; nothing after the colon stores nothing
``{?lit ...?}``        optional: if its literal is there the part must match, else it is skipped
``{@list}``            a key list: ``key=value`` pairs in any order, ``[list.NAME]`` of the file
``{column:tail}lit``   the last place of ``lit`` from which the rest matches to the end of the line
=====================  ==================================================================================================

Keys of a ``[[line]]``: ``name``, ``template``, ``source``; ``process`` (last components of the program name; all if
absent), ``id`` (true: a queue ID or NOQUEUE stands in front, false: none; either if absent), ``starts`` (literal
prefixes, tested and not taken, where the template begins with a field), ``rank`` (0; a general template that would take
the lines of a special one has a higher rank and is tried later), ``sub`` (sub-templates for the column ``text``), the
constants ``event``, ``speaker``, ``stage``, ``reply_origin``, ``rule``, ``transport``, ``protocol`` and the rules
``[line.with]``, ``[line.without]`` (constants where a column is there or not) and ``[line.by]`` (constants by the first
character or the whole of a column). A line without ``event`` is known to say nothing that counts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from analyzer import schema
from analyzer.cached import cached
from analyzer.errors import GrammarError

#: Every field type with what it takes. ``matcher`` must implement exactly these.
TYPES: dict[str, str] = {
    "word": "a run without blank",
    "host": "a run without blank and []<>(),;=\"",
    "bracketed": "a run without ]",
    "ip": "a run without ], stored only if it is an address",
    "nocomma": "a run without comma",
    "nocolon": "a run without colon",
    "nosemi": "a run without semicolon",
    "noequal": "a run without blank and equals sign",
    "inparen": "a run without closing parenthesis",
    "inquotes": "a run without double quote",
    "letters": "a run of ASCII letters",
    "int": "a run of digits, a number",
    "dotted": "a run of digits and dots",
    "rest": "all that is left",
    "paren": "all that is left, less a closing parenthesis at the end",
    "coded": "all that is left, which must begin with a reply code",
    "inreply": "all that is left, less Postfix's ` (in reply to COMMAND command)`, which gives the stage",
    "seconds": "seconds with a fraction, stored as milliseconds",
    "delays4": "Postfix's a/b/c/d, stored in the four delay columns",
    "exim_time": "Exim's 1w2d3h4m5.6s, stored as milliseconds",
    "sendmail_time": "sendmail's d+hh:mm:ss, stored as milliseconds",
    "mailbox": "an address: bytes other than <>\"\\, escapes and whole quoted strings, up to the > that follows",
    "quoted": "a string in double quotes with backslash escapes",
    "cutquoted": "the same, or to the end where a cut line has lost the closing quote",
    "exim_sender": "an address without blank outside quotes; <> is the null reverse-path",
    "exim_recipient": "Exim's recipient, printed once unquoted and once in brackets where they differ",
    "exim_word": "a run without blank; a colon only if neither a blank nor the end follows",
    "exim_host": "Exim's `name (helo) [address]:port`",
    "exim_place": "the argument of a command that Exim refused, of which it prints at most 100 bytes",
    "exim_pair": "Exim's `a:b:c`, stored in the column and its neighbour: TLS version and cipher, authenticator and login",
    "exim_command": "a client's command up to its closing quote, if only one place can be that",
    "exim_stage": "the command after which a remote error came, up to the colon before its text or to the end",
    "plain_words": "words up to a colon or a KEY=",
    "sendmail_mailboxes": "sendmail's list of recipients",
    "sendmail_address": "one address of sendmail's, in brackets or plain, with `(uid/gid)`",
    "sendmail_sender": "sendmail's `from=`, of which it prints at most 200 bytes",
    "sendmail_relay": "sendmail's `host [address] (may be forged)`",
    "sendmail_reply": "sendmail's `reply=`, up to `, stat=`; the reply to its own QUIT is none",
    "accepted": "all that is left, less a closing parenthesis: the text of a 2yz reply without its code",
    "tail": "up to the last place from which the rest matches",
}

#: Types that end where the next one begins, so that a field may stand directly behind them.
_ENDS_ITSELF = frozenset({"quoted", "exim_host", "exim_place", "exim_recipient", "exim_sender", "exim_word", "plain_words"})

#: What an MTA's logs do beyond one line; ``analyzer.events.lines`` handles each.
TRAITS: dict[str, str] = {
    "continued": "a stamped line may go on in lines without a stamp (message headers in Exim's rejectlog)",
    "split": "a long entry is split into parts, `[1/4] ...` to `[4/4] ...`",
    "host_lines": "a reply that concerns a whole message is logged for the host and again for each recipient",
    "second_files": "files named rejectlog or paniclog repeat lines of the main log",
    "numbered": "a long entry is split into parts with a number behind the queue ID, `ID[1]: ... ...` and so on",
    "undouble": "every backslash is written twice; undone before anything is read",
    "closing": "after a 421, said once, the recipients that still waited are logged with the same reply",
}

#: Pseudo-columns a template may name besides the schema's.
PSEUDO = frozenset({"reply", "client", "relay", "delays"})
_COLUMNS = frozenset(c.name for c in schema.EVENTS) | PSEUDO
CONSTANTS = frozenset({"event", "speaker", "stage", "reply_origin", "rule", "transport", "protocol"})
_LINE_KEYS = CONSTANTS | {"name", "template", "source", "process", "id", "starts", "rank", "sub", "with", "without", "by", "sample", "why"}
_CLOSED = {"event": frozenset(schema.EVENT_WORDS), "speaker": frozenset(schema.SPEAKERS), "stage": frozenset(schema.STAGES),
           "reply_origin": frozenset(schema.ORIGINS)}  # fmt: skip


@dataclass(frozen=True)
class Lit:
    """Literal bytes."""

    text: bytes


@dataclass(frozen=True)
class Field:
    """A field; ``column`` None means that it is dropped."""

    column: str | None
    type: str


@dataclass(frozen=True)
class Words:
    """A closed set of words, longest first; a value of None stores nothing."""

    column: str | None
    words: tuple[tuple[bytes, str | None], ...]


@dataclass(frozen=True)
class Opt:
    """An optional part that commits on its first literal."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class KeyList:
    """A key list of the file, by name."""

    name: str


Node = Lit | Field | Words | Opt | KeyList


@dataclass(frozen=True)
class ListKey:
    """How the value of one key is read: its type, the column or None, and whether the last value wins or it ends the list."""

    type: str
    column: str | None
    last: bool = False
    ends: bool = False
    before: bytes = b""


@dataclass(frozen=True)
class ListDef:
    """A key list: separator, keys, type of unknown keys' values, bare words."""

    separator: bytes
    default: str
    keys: Mapping[bytes, ListKey]
    flags: tuple[bytes, ...]


@dataclass(frozen=True)
class Template:
    """One line shape with its constants, conditional constants and samples."""

    mta: str
    name: str
    nodes: tuple[Node, ...]
    process: frozenset[str] | None
    has_id: bool | None
    starts: tuple[bytes, ...]
    rank: int
    sub: str | None
    constants: Mapping[str, str]
    when_there: Mapping[str, Mapping[str, str]]
    when_absent: Mapping[str, Mapping[str, str]]
    by: Mapping[str, Mapping[str, Mapping[str, str]]]
    source: str
    samples: tuple[Mapping[str, Any], ...] = field(compare=False)


@dataclass(frozen=True)
class Grammar:
    """The lines of one MTA, how its lines are told from others', and what its logs do beyond one line (``TRAITS``)."""

    mta: str
    tags: tuple[str, ...]
    processes: frozenset[str]
    id_shape: str
    traits: frozenset[str]
    echoed: tuple[bytes, ...]  # words of the lines that syslog gets twice, for the main log and for another
    lines: tuple[Template, ...]
    subs: Mapping[str, tuple[Template, ...]]
    lists: Mapping[str, ListDef]


#: What the grammars are made from, for `cached`.
SOURCES = ("grammar/*.toml", "grammar/*.py", "schema.py")


def mtas() -> tuple[str, ...]:
    """Names of the MTAs that have a grammar, sorted."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.toml")))


@cache
def load_all() -> tuple[Grammar, ...]:
    """Every grammar of this folder, sorted by name. Raises GrammarError if one breaks a rule."""
    return cached("grammars", SOURCES, _load_all)


def _load_all() -> tuple[Grammar, ...]:
    return tuple(load(Path(__file__).parent / f"{mta}.toml") for mta in mtas())


def load(path: Path) -> Grammar:
    """One grammar file, checked. Raises GrammarError naming file, entry, rule and cure."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GrammarError(f"{path.name}: cannot be read as TOML: {error}. Correct that line.") from error
    lists = {name: _list(f"{path.name}: list {name}", body) for name, body in data.get("list", {}).items()}
    reader = _Reader(path.name, data["mta"], lists, frozenset(data.get("sub", {})))
    subs = {name: tuple(reader.template(body, sub=True) for body in bodies) for name, bodies in data.get("sub", {}).items()}
    lines = tuple(reader.template(body) for body in data.get("line", ()))
    names = [t.name for t in lines]
    for name in names:
        if names.count(name) > 1:
            raise GrammarError(f"{path.name}: two lines are named {name!r}. Give each its own name.")
    traits = frozenset(data.get("traits", ()))
    if not traits <= set(TRAITS):
        raise GrammarError(f"{path.name}: there is no trait {sorted(traits - set(TRAITS))[0]!r}. Traits: {', '.join(TRAITS)}.")
    processes = frozenset(data.get("processes", ()))
    echoed = tuple(word.encode() for word in data.get("echoed", ()))
    return Grammar(data["mta"], tuple(data["tags"]), processes, data["id"], traits, echoed, lines, subs, lists)


def _list(where: str, body: Mapping[str, Any]) -> ListDef:
    keys: dict[bytes, ListKey] = {}
    for key, text in body["keys"].items():
        kind, _, column = (part.strip() for part in text.partition(">"))
        before = b""
        if kind.startswith("before "):
            before, kind = kind[len("before ") :].strip('"').encode(), "before"
        words = [w.strip() for w in kind.split(",")]
        modifiers = set(words[1:])
        if not before and words[0] not in TYPES:
            raise GrammarError(f"{where}: key {key}: there is no type {words[0]!r}. Types: {', '.join(TYPES)}.")
        if column and column not in _COLUMNS:
            raise GrammarError(f"{where}: key {key}: there is no column {column!r}. Use a column of analyzer/schema.py.")
        if not modifiers <= {"last", "ends"}:
            raise GrammarError(f"{where}: key {key}: only `last` and `ends` may follow the type.")
        keys[key.encode()] = ListKey(words[0], column or None, "last" in modifiers, "ends" in modifiers, before)
    flags = tuple(f.encode() for f in sorted(body.get("flags", ()), key=len, reverse=True))
    return ListDef(body["sep"].encode(), body["default"], keys, flags)


@dataclass(frozen=True)
class _Reader:
    """Reads and checks the entries of one file."""

    file: str
    mta: str
    lists: Mapping[str, ListDef]
    subs: frozenset[str]

    def template(self, body: Mapping[str, Any], *, sub: bool = False) -> Template:
        name = body.get("name", body.get("template", "?")[:40])
        where = f"{self.file}: {name}"
        unknown = set(body) - _LINE_KEYS
        if unknown:
            raise GrammarError(f"{where}: unknown key {sorted(unknown)[0]!r}. Keys: {', '.join(sorted(_LINE_KEYS))}.")
        if not sub and not body.get("sample"):
            raise GrammarError(f"{where}: has no sample. Add a [[line.sample]] with a real line and its columns.")
        if body.get("sub") and body["sub"] not in self.subs:
            raise GrammarError(f"{where}: there is no [[sub.{body['sub']}]] in this file.")
        constants = {key: body[key] for key in CONSTANTS if key in body}
        conditions: list[Mapping[str, str]] = [constants, *body.get("with", {}).values(), *body.get("without", {}).values()]
        conditions += [c for table in body.get("by", {}).values() for c in table.values()]
        for condition in conditions:
            self._check_constants(where, condition)
        nodes = self._parse(where, body["template"])
        self._check(where, nodes, set())
        return Template(
            self.mta, name, nodes, frozenset(body["process"]) if "process" in body else None, body.get("id"),
            tuple(s.encode() for s in body.get("starts", ())), body.get("rank", 0), body.get("sub"), constants,
            body.get("with", {}), body.get("without", {}), body.get("by", {}), body.get("source", ""), tuple(body.get("sample", ())),
        )  # fmt: skip

    def _check_constants(self, where: str, constants: Mapping[str, str]) -> None:
        for key, value in constants.items():
            if key not in CONSTANTS:
                raise GrammarError(f"{where}: {key!r} cannot be a constant. Constants: {', '.join(sorted(CONSTANTS))}.")
            if value and key in _CLOSED and value not in _CLOSED[key]:
                raise GrammarError(f"{where}: {key} has no value {value!r}. Values: {', '.join(sorted(_CLOSED[key]))}.")

    def _parse(self, where: str, text: str) -> tuple[Node, ...]:
        nodes, position = self._sequence(where, text.rstrip("\n"), 0, inside=False)
        if position != len(text.rstrip("\n")):
            raise GrammarError(f"{where}: `?}}` without `{{?` at character {position}.")
        return nodes

    def _sequence(self, where: str, text: str, position: int, *, inside: bool) -> tuple[tuple[Node, ...], int]:
        nodes: list[Node] = []
        literal = ""
        while position < len(text):
            if text.startswith("?}", position) and inside:
                break
            if text.startswith(("{{", "}}"), position):
                literal += text[position]
                position += 2
                continue
            if text[position] != "{":
                literal += text[position]
                position += 1
                continue
            if literal:
                nodes.append(Lit(literal.encode()))
                literal = ""
            if text.startswith("{?", position):
                inner, position = self._sequence(where, text, position + 2, inside=True)
                if not text.startswith("?}", position):
                    raise GrammarError(f"{where}: an optional part is not closed. Write `?}}` at its end.")
                nodes.append(Opt(inner))
                position += 2
                continue
            end = text.find("}", position)
            if end < 0:
                raise GrammarError(f"{where}: a brace is not closed at character {position}. Write {{{{ for a brace.")
            nodes.append(self._field(where, text[position + 1 : end]))
            position = end + 1
        if literal:
            nodes.append(Lit(literal.encode()))
        return tuple(nodes), position

    def _field(self, where: str, body: str) -> Node:
        if body.startswith("@"):
            if body[1:] not in self.lists:
                raise GrammarError(f"{where}: there is no [list.{body[1:]}] in this file.")
            return KeyList(body[1:])
        equals, colon = body.find("="), body.find(":")
        if equals >= 0 and (colon < 0 or equals < colon):
            column = body[:equals] or None
            words: list[tuple[bytes, str | None]] = []
            for item in body[equals + 1 :].split("|"):
                word, has_value, value = item.rpartition(":") if ":" in item else (item, "", item)
                words.append((word.encode(), (value or None) if has_value else word))
            words.sort(key=lambda w: -len(w[0]))
            self._check_column(where, column)
            if column in _CLOSED:
                for _, stored in words:
                    if stored is not None and stored not in _CLOSED[column]:
                        raise GrammarError(f"{where}: {column} has no value {stored!r}. Values: {', '.join(sorted(_CLOSED[column]))}.")
            return Words(column, tuple(words))
        column, _, kind = body.partition(":")
        if kind not in TYPES:
            raise GrammarError(f"{where}: there is no type {kind!r}. Types: {', '.join(TYPES)}.")
        self._check_column(where, column or None)
        return Field(column or None, kind)

    def _check_column(self, where: str, column: str | None) -> None:
        if column is not None and column not in _COLUMNS:
            raise GrammarError(f"{where}: there is no column {column!r}. Use a column of analyzer/schema.py.")

    def _check(self, where: str, nodes: tuple[Node, ...], seen: set[str], *, inside: bool = False) -> None:
        for index, node in enumerate(nodes):
            following = nodes[index + 1] if index + 1 < len(nodes) else None
            if isinstance(node, Opt):
                if not node.nodes or not isinstance(node.nodes[0], Lit):
                    raise GrammarError(f"{where}: an optional part must begin with a literal, on which it commits.")
                if isinstance(following, Lit) and following.text.startswith(node.nodes[0].text):
                    raise GrammarError(f"{where}: an optional part begins with what may also follow it: {node.nodes[0].text!r}.")
                self._check(where, node.nodes, seen, inside=True)
                continue
            if isinstance(node, Field) and node.type == "tail":
                if inside or not isinstance(following, Lit):
                    raise GrammarError(f"{where}: a `tail` stands outside optional parts and before a literal.")
                if any(isinstance(other, Field) and other.type == "tail" for other in nodes[index + 1 :]):
                    raise GrammarError(f"{where}: two `tail`s in one template. Use one.")
            elif isinstance(node, Field) and isinstance(following, Field) and node.type not in _ENDS_ITSELF:
                raise GrammarError(f"{where}: a field stands directly before a field. Put a literal between them.")
            column = node.column if isinstance(node, (Field, Words)) else None
            if column is not None:
                if column in seen:
                    raise GrammarError(f"{where}: column {column!r} stands twice. Name it once and drop the other.")
                seen.add(column)


def sample_columns(sample: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that a sample expects: all of its keys but those that describe it."""
    return {key: value for key, value in sample.items() if key not in {"line", "why", "process", "tag", "null"}}
