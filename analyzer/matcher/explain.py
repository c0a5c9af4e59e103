"""Why a line is or is not recognised, for whoever writes a grammar: its frame, its template, or where the nearest stopped."""

from __future__ import annotations

from typing import NamedTuple

from analyzer.framing import frame
from analyzer.grammar import Field, KeyList, Lit, Node, Opt, Template, Words
from analyzer.matcher import Program, Recogniser
from analyzer.matcher.python import compile_nodes, run

_NEAREST = 3


class Stop(NamedTuple):
    """How far a template came in a message: the position, and the node that did not fit (None: the line goes on)."""

    template: Template
    position: int
    node: Node | None


def describe(recogniser: Recogniser, line: bytes) -> str:
    """Several lines of text on one log line."""
    framed = frame(line)
    if framed is None:
        return "no framing takes this line: is it the continuation of another? (analyzer/framing/)"
    out = [f"frame     host {_show(framed.host)}, program {_show(framed.tag)}, pid {framed.pid}, message {_show(framed.message)}"]
    program = recogniser.program(framed.tag)
    if program is None:
        return "\n".join([*out, "program   belongs to no MTA: counted under other programs (tags in analyzer/grammar/*.toml)"])
    out.append(f"program   {program.mta}, instance {program.instance!r}, process {program.process!r}")
    match = program.matcher.match(program.process, framed.message)
    if match is not None:
        out.append(f"template  {match.template.mta}/{match.template.name} ({match.template.source})")
        out += [f"  {column:<18}{_show(value)}" for column, value in match.fields.items()]
        if "event" not in match.fields:
            out.append("  known to say nothing that counts (no event)")
        return "\n".join(out)
    out.append("template  none takes the whole message; the nearest:")
    out += [_stopped(framed.message, stop) for stop in nearest(program, framed.message)]
    return "\n".join(out)


def nearest(program: Program, message: bytes) -> list[Stop]:
    """The templates that came furthest, best first."""
    _, start = program.matcher.queue_id(message)
    stops = [
        _stop(program, template, message, start)
        for template in program.matcher.grammar.lines
        if template.has_id in (None, start > 0)
        and (template.process is None or program.process in template.process or program.process not in program.matcher.grammar.processes)
        and (not template.starts or message.startswith(template.starts, start))
    ]
    stops.sort(key=lambda stop: (-stop.position, stop.template.rank, stop.template.name))
    return stops[:_NEAREST]


def _stop(program: Program, template: Template, message: bytes, start: int) -> Stop:
    nodes = template.nodes
    for count in range(len(nodes), 0, -1):
        last = nodes[count - 1]
        if isinstance(last, Field) and last.type == "tail":
            continue
        position = run(compile_nodes(program.matcher.grammar, nodes[:count]), message, start, {})
        if position >= 0:
            return Stop(template, position, nodes[count] if count < len(nodes) else None)
    first = nodes[0]
    words = [first.text] if isinstance(first, Lit) else [word for word, _ in first.words] if isinstance(first, Words) else []
    return Stop(template, start + max((_shared(word, message[start:]) for word in words), default=0), first)


def _shared(literal: bytes, rest: bytes) -> int:
    count = 0
    while count < min(len(literal), len(rest)) and literal[count] == rest[count]:
        count += 1
    return count


def _stopped(message: bytes, stop: Stop) -> str:
    wanted = "the end of the line" if stop.node is None else _node(stop.node)
    return f"  {stop.template.mta}/{stop.template.name}: took {_show(message[: stop.position])}, then wanted {wanted}"


def _node(node: Node) -> str:
    if isinstance(node, Lit):
        return _show(node.text)
    if isinstance(node, Field):
        return f"{{{node.column or ''}:{node.type}}}"
    if isinstance(node, Words):
        return "one of " + ", ".join(_show(word) for word, _ in node.words[:12])
    if isinstance(node, KeyList):
        return f"the key list {node.name}"
    assert isinstance(node, Opt)
    return "the optional part that begins " + _node(node.nodes[0])


def _show(value: object) -> str:
    return ascii(value.decode("utf-8", "backslashreplace")) if isinstance(value, bytes) else repr(value)
