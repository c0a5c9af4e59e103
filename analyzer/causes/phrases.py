"""From a reply's text to its words, and from a phrase of the cause files to what must stand among such words.

Knows no cause. A text becomes its words in lower case, without accents. Addresses, host names, IP addresses and URLs
become ``<address>``, ``<host>``, ``<ip>``, ``<url>``, so that nobody's host name can pass for a reason; codes are left out,
so that a reply of several lines reads as one sentence.

How a phrase is written (lower case):

    mailbox full     these words in this order, with any punctuation between them
    block*           any word that begins so (at least two letters before the star)
    (a|b c)  [a|b]   one of these; one of these or nothing
    ...              up to six words
    ?                any one character: what is left of é after a log has lost it
    {user}           one of a named group of words (evidence/words.toml)

All phrases share one tree of words. A text is walked through it once, which finds every alternative of every phrase that
it holds; a phrase is then only asked whether its parts stand in its order. The time is linear in the text's length.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Longer texts are cut here: what decides stands in front, and a hostile text must not cost more than this.
REACH = 2000
#: How many words `...` may skip.
GAP = 6
#: How many places of one segment are looked at, so that a text of nothing but one word costs no more than others.
MOST_PLACES = 12
#: Letters that must stand before the * or ? of a word: it is looked up by them.
HOLE_AFTER = 2

# The first line is the quick way for a plain word. A host name's last label is all lower or all upper case, so that
# `blocked.For help` stays two words. All repeats are bounded.
# What `replies.normalise` has masked already counts as what it stands for.
_TOKEN = re.compile(
    r"(?P<mask><(?:address|host|ip|url|id|n|time)>)"
    r"|[^\W_]+(?=[\s,;!)\]>]|$)"
    r"|(?P<url>[A-Za-z][A-Za-z+.-]{1,9}://[^\s<>\"')\]]+|[Ww]{3}\.[^\s<>\"')\]]+)"
    r"|(?P<address>[^\s<>()\[\]{}\"',;:@]{1,64}@[^\s<>()\"',;]+)"
    r"|(?P<ip>[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?:[0-9a-fA-F]{1,4}:){2,7}[0-9a-fA-F:.]{0,24})"
    r"|(?P<code>[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9]))"
    r"|(?P<host>(?<![\w.-])(?:[A-Za-z0-9_][\w-]{0,62}\.){1,12}(?:[a-z]{2,24}|[A-Z]{2,24})(?![\w-]|\.\w))"
    r"|[^\W_]+"
)

# Latin letters without their accents.
_FOLD = {
    ord(char): base
    for char in map(chr, range(0xC0, 0x250))
    if (base := unicodedata.normalize("NFKD", char)[0].lower()).isascii() and base.isalpha()
} | {ord("ł"): "l", ord("ø"): "o", ord("đ"): "d"}
_UNSPACED = re.compile(r"[\u2e80-\uffef]")  # Chinese, Japanese, Korean: no blanks between words


class Words(NamedTuple):
    """A text's words, the places where they stand, and its URLs in one lower-case string."""

    words: list[str]
    spans: list[tuple[int, int]]
    links: str


def decode(text: str | bytes) -> str:
    """Text of a log as characters: UTF-8 where it is, else Latin-1; cut at REACH."""
    if isinstance(text, bytes):
        text = text[:REACH]
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError:
            return text.decode("latin-1")
    return text[:REACH]


def words_of(text: str, reply_code: int | None) -> Words:
    """The words of a decoded text; the reply code, which a reply of several lines repeats, is none."""
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    links: list[str] = []
    code = str(reply_code)
    for match in _TOKEN.finditer(text.replace("\\n", "  ")):
        word = match[0]
        kind = match.lastgroup
        if kind is None:
            if word == code:
                continue
        elif kind == "code":
            continue
        elif kind != "mask":
            if kind == "url":
                links.append(word)
            word = f"<{kind}>"
        words.append(word)
        spans.append(match.span())
    joined = " ".join(words).lower()
    if not joined.isascii():
        joined = joined.translate(_FOLD)
    return Words(joined.split(" ") if words else [], spans, " ".join(links).lower())


class Part(NamedTuple):
    """One part of a phrase: which segment of the tree, how many words may stand before it, whether it may be missing."""

    segment: int
    gap: int
    optional: bool


class Phrase(NamedTuple):
    """A phrase as its parts in order; a text can only hold it if it holds segment ``key``."""

    parts: tuple[Part, ...]
    key: int


#: Where the segments of a text stand: segment -> (first word, word after the last).
Hits = dict[int, list[tuple[int, int]]]


class _Node:
    """A word of the tree: what may follow, and the segments that end here."""

    __slots__ = ("ends", "holes", "next")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.holes: list[tuple[str, str, bool, _Node]] = []
        self.ends: list[int] = []


class Phrases:
    """The tree of all phrases: make them with ``add``, then walk texts through it with ``hits``."""

    def __init__(self, groups: Mapping[str, str]) -> None:
        self._groups = groups
        self._root = _Node()
        self._hole_starts: dict[str, list[tuple[str, str, bool, _Node]]] = {}
        self._segments: dict[str, int] = {}
        self._weights: list[int] = []
        self._unspaced: list[tuple[str, int]] = []
        self._vocabulary: set[str] = set()
        self._hole_starts_anywhere: set[str] = set()

    def add(self, phrase: str) -> Phrase:
        """A phrase, its alternatives put into the tree. ValueError or KeyError says what is wrong with it."""
        parts: list[Part] = []
        gap = 0
        for source, optional in _elements(_expand(phrase.translate(_FOLD), self._groups)):
            if source == "...":
                gap = GAP
            elif parts or not optional:  # what may be missing at the front says nothing
                parts.append(Part(self._segment(source), gap, optional))
                gap = gap if optional else 0
        while parts and parts[-1].optional:
            parts.pop()
        if not parts:
            message = f"{phrase!r} holds no word that must be there"
            raise ValueError(message)
        key = max((part.segment for part in parts if not part.optional), key=self._weights.__getitem__)
        return Phrase(tuple(parts), key)

    def _segment(self, source: str) -> int:
        if source in self._segments:
            return self._segments[source]
        alternatives = [words for words in _alternatives(source) if words]
        number = self._segments[source] = len(self._segments)
        self._weights.append(min(sum(map(len, words)) for words in alternatives) * 4 - len(alternatives))
        for words in alternatives:
            if len(words) == 1 and _UNSPACED.search(words[0]):
                self._unspaced.append((words[0], number))
            else:
                self._insert(words, number)
        return number

    def _insert(self, words: tuple[str, ...], number: int) -> None:
        node = self._root
        for word in words:
            if "*" in word or "?" in word:
                node = self._holed(node, word)
            else:
                self._vocabulary.add(word)
                node = node.next.setdefault(word, _Node())
        node.ends.append(number)

    def _holed(self, node: _Node, word: str) -> _Node:
        before, hole, after = re.split(r"([*?])", word, maxsplit=1)
        if len(before) < HOLE_AFTER or "*" in after or "?" in after:
            message = f"{word!r} needs {HOLE_AFTER} letters before its only * or ?"
            raise ValueError(message)
        for entry in node.holes:
            if entry[:3] == (before, after, hole == "?"):
                return entry[3]
        entry = (before, after, hole == "?", _Node())
        node.holes.append(entry)
        self._hole_starts_anywhere.add(before[:HOLE_AFTER])
        if node is self._root:
            self._hole_starts.setdefault(before[:HOLE_AFTER], []).append(entry)
        return entry[3]

    def known(self, words: list[str]) -> tuple[str, ...]:
        """The words with each that no phrase can use replaced by `_`: texts that differ in names and numbers are equal."""
        vocabulary, starts = self._vocabulary, self._hole_starts_anywhere
        return tuple(
            [word if word in vocabulary or word[:HOLE_AFTER] in starts or not word.isascii() else "_" for word in words]
        )

    def hits(self, words: Sequence[str]) -> Hits:
        """Every segment that the words hold, with the places where it stands."""
        hits: Hits = {}
        following, hole_starts = self._root.next, self._hole_starts
        for start, word in enumerate(words):
            if word in following:
                _walk(following[word], words, start, start + 1, hits)
            if word[:HOLE_AFTER] in hole_starts:
                for before, after, single, holed in hole_starts[word[:HOLE_AFTER]]:
                    if _fills(word, before, after, single):
                        _walk(holed, words, start, start + 1, hits)
            if not word.isascii():
                for literal, segment in self._unspaced:
                    if literal in word:
                        hits.setdefault(segment, []).append((start, start + 1))
        return hits


def _walk(node: _Node, words: Sequence[str], start: int, end: int, hits: Hits) -> None:
    """Follow the words from a node on and note the segments that end on the way."""
    if node.ends:
        place = (start, end)
        for segment in node.ends:
            if segment not in hits:
                hits[segment] = [place]
            elif len(hits[segment]) < MOST_PLACES:
                hits[segment].append(place)
    if end < len(words) and (node.next or node.holes):
        word = words[end]
        if word in node.next:
            _walk(node.next[word], words, start, end + 1, hits)
        for before, after, single, holed in node.holes:
            if _fills(word, before, after, single):
                _walk(holed, words, start, end + 1, hits)


def find(phrase: Phrase, hits: Hits) -> tuple[int, int] | None:
    """Where a phrase stands among the words: (first word, word after the last), or None."""
    first = phrase.parts[0]
    places = hits.get(first.segment)
    if not places:
        return None
    for segment, gap, optional in phrase.parts[1:]:
        longer = [
            (start, after)
            for start, end in places
            for begin, after in hits.get(segment, ())
            if end <= begin <= end + gap
        ]
        places = (longer + places if optional else longer)[:MOST_PLACES]
        if not places:
            return None
    return places[0]


def _fills(word: str, before: str, after: str, single: bool) -> bool:
    """Whether a word fits a word with a hole: `before*after` or, for one character, `before?after`."""
    room = len(word) - len(before) - len(after)
    return (room == 1 if single else room >= 0) and word.startswith(before) and word.endswith(after)


# ---- reading a phrase
_PIECE = re.compile(r"\.\.\.|[()\[\]|]|[^\s()\[\]|]+")
_GROUP = re.compile(r"\{(\w+)\}")


def _expand(phrase: str, groups: Mapping[str, str]) -> str:
    for _ in range(3):  # a group may name groups
        phrase = _GROUP.sub(lambda match: f"({groups[match[1]]})", phrase)
    return phrase


def _elements(phrase: str) -> Iterator[tuple[str, bool]]:
    """The parts of a phrase from left to right, each with whether it may be missing: `[a|b]` may."""
    words: list[str] = []
    inside: list[str] = []
    depth = 0
    for piece in _PIECE.findall(phrase):
        opens, closes = piece in "([", piece in ")]"
        if depth == 0 and (opens or piece == "...") and words:
            yield " ".join(words), False
            words = []
        depth += opens - closes
        if opens or closes or depth:
            inside.append(piece)
            if depth == 0:
                yield " ".join(inside), inside[0] == "["
                inside = []
        elif piece == "...":
            yield piece, False
        else:
            words.append(piece)
    if depth or inside:
        message = f"{phrase!r} has a bracket without its partner"
        raise ValueError(message)
    if words:
        yield " ".join(words), False


def _alternatives(source: str) -> set[tuple[str, ...]]:
    """Every sequence of words that a part stands for."""
    pieces = _PIECE.findall(source)
    found, rest = _choice(pieces)
    if rest:
        message = f"{source!r} cannot be read"
        raise ValueError(message)
    return found


def _choice(pieces: list[str]) -> tuple[set[tuple[str, ...]], list[str]]:
    """Alternatives up to the closing bracket, and the pieces after it."""
    found: set[tuple[str, ...]] = set()
    sequence: list[set[tuple[str, ...]]] = []
    while pieces:
        piece, pieces = pieces[0], pieces[1:]
        if piece in ("(", "["):
            inner, pieces = _choice(pieces)
            sequence.append(inner | ({()} if piece == "[" and (sequence or pieces) else set()))
        elif piece in ("|", ")", "]"):
            found |= _joined(sequence)
            sequence = []
            if piece != "|":
                return found, pieces
        else:
            sequence.append(_spellings(piece))
    return found | _joined(sequence), []


def _joined(sequence: list[set[tuple[str, ...]]]) -> set[tuple[str, ...]]:
    return {tuple(word for words in choice for word in words) for choice in product(*sequence)} if sequence else set()


def _spellings(piece: str) -> set[tuple[str, ...]]:
    """A word as it may come out of a text: `don’t` as don t or dont, `e-mail` as e mail, `bo?te` as bo te."""
    if piece.startswith("<"):
        return {(piece,)}
    words = tuple(word for word in re.split(r"[-/.:_]", piece) if word)
    spellings = {tuple(part for word in words for part in re.split(r"['’]", word))}
    spellings.add(tuple(re.sub(r"['’]", "", word) for word in words))
    if "?" in piece:
        spellings |= {tuple(part for word in words for part in word.split("?") if part)}
    return spellings
