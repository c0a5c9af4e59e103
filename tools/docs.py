"""Fills the generated parts of the README: command help, columns, events, sections, framings. ``--check`` only compares.

A part stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parent.parent / "README.md"
COMMANDS = ("report", "events", "explain", "codes list", "codes show", "codes compare", "codes search")


def commands() -> str:
    """Every command with its arguments and options, as ``--help`` tells them."""
    from typer.main import get_command

    from analyzer.cli import app

    parts = []
    for path in COMMANDS:
        command: Any = get_command(app)
        for name in path.split():
            command = command.commands[name]
        arguments = [p.metavar or p.name or "" for p in command.params if p.param_type_name == "argument"]
        rows = [
            f"| {_option(p)} | {(p.help or '').replace('|', chr(92) + '|')} |"
            for p in command.params
            if p.param_type_name == "option" and not p.is_eager
        ]
        parts.append("\n".join([f"**`analyzer {' '.join([path, *arguments])}`**: {command.help}", "", "| option | |", "|---|---|", *rows]))
    return "\n\n".join(parts)


def _option(parameter: Any) -> str:
    names = ", ".join(parameter.opts)
    metavar = "" if parameter.is_flag else f" {parameter.metavar}"
    return "`" + (names + metavar).replace("|", "\\|") + "`"


def columns() -> str:
    """The event columns."""
    from analyzer import schema

    rows = [f"| `{c.name}` | {c.type} | {c.meaning} | {c.source} |" for c in schema.COLUMNS]
    return "\n".join(["| column | type | meaning | source |", "|---|---|---|---|", *rows])


def events() -> str:
    """The words of the column ``event``."""
    from analyzer import schema

    rows = [f"| `{word}` | {meaning} |" for word, meaning in schema.EVENT_WORDS.items()]
    return "\n".join(["| event | meaning |", "|---|---|", *rows])


def sections() -> str:
    """The report's sections and their columns, from the headers of their SQL files."""
    from analyzer.sections import described

    rows = []
    for header in described().values():
        names = ", ".join(f"`{column.name}`" for column in header.columns)
        rows.append(f"| `{header.name}` | {header.title} | {header.definition} | {names} |")
    return "\n".join(["| section | title | definition | columns |", "|---|---|---|---|", *rows])


PARTS: dict[str, Callable[[], str]] = {"commands": commands, "columns": columns, "events": events, "sections": sections}


def filled(text: str) -> str:
    """The README with every part made anew."""
    for name, make in PARTS.items():
        pattern = re.compile(rf"(<!-- begin {name} -->\n).*?(\n<!-- end {name} -->)", re.DOTALL)
        if not pattern.search(text):
            sys.exit(
                f"README.md has no part {name!r}: put <!-- begin {name} --> and <!-- end {name} --> where it belongs."
            )
        body = make().replace("\\", "\\\\")
        text = pattern.sub(rf"\g<1>{body}\g<2>", text)
    return text


def main() -> int:
    """Write the README, or with ``--check`` say whether it is stale."""
    text = README.read_text(encoding="utf-8")
    made = filled(text)
    if "--check" in sys.argv:
        return int(made != text)
    README.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
