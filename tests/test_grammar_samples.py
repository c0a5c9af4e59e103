"""The laws of the grammar drawer, over every line of every file (style.md: fail2ban's four laws).

Each line has a sample; each sample is matched, with the columns that stand beside it, by its own line; by no other line of
the same rank; and by none of a lower rank, which would be tried before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from analyzer.grammar import Template, load_all, sample_columns
from analyzer.matcher import Matcher

MATCHERS = {grammar.mta: Matcher(grammar) for grammar in load_all()}


def samples() -> Iterator[Any]:
    for grammar in load_all():
        for template in grammar.lines:
            for number, sample in enumerate(template.samples, 1):
                yield pytest.param(template, sample, id=f"{grammar.mta}-{template.name}-{number}")


def plain(value: object) -> object:
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


@pytest.mark.parametrize(("template", "sample"), list(samples()))
def test_sample_is_matched_by_its_line_alone(template: Template, sample: dict[str, Any]) -> None:
    process = sample.get("process") or min(template.process or {""})
    matches = MATCHERS[template.mta].matches(process, sample["line"].encode())
    assert matches, f"{template.name}: no line takes {sample['line']!r}"
    mine = [match for match in matches if match.template.name == template.name]
    assert mine, f"taken by {[m.template.name for m in matches]} only"
    rivals = [m.template.name for m in matches if m.template.name != template.name and m.template.rank <= template.rank]
    assert not rivals, f"also taken by {rivals}: give the general one a higher rank"
    fields = {column: plain(value) for column, value in mine[0].fields.items()}
    expected = sample_columns(sample)
    assert {column: fields.get(column) for column in expected} == expected
    for column in sample.get("null", ()):
        assert fields.get(column) is None


@pytest.mark.parametrize("grammar", load_all(), ids=lambda g: g.mta)
def test_every_line_names_its_source_and_expects_something(grammar: Any) -> None:
    for template in grammar.lines:
        assert template.source, f"{template.name} does not say where the line comes from"
        if "event" in template.constants or any("event" in str(node) for node in template.nodes):
            assert any(sample_columns(sample) for sample in template.samples), (
                f"{template.name}: samples expect no column"
            )
