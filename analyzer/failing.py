"""``--fail-on``: conditions on a report's numbers, for cron and continuous integration.

``code:553>=10`` and ``cause:ip_blocked>0`` count; ``class:5xx>5%`` is a share of all counted replies.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from analyzer.errors import UsageError
from analyzer.sections import Section

_FORM = re.compile(r"(code|class|cause):([A-Za-z0-9_.]+)(>=|<=|==|>|<)([0-9]{1,12}(?:\.[0-9]{1,6})?)(%?)")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """One condition: whose number (``kind`` and ``name``), the comparison, and the bound; ``share`` in percent of all."""

    text: str
    kind: str
    name: str
    compare: str
    bound: float
    share: bool

    @classmethod
    def parse(cls, text: str, causes: Mapping[str, object]) -> Condition:
        """From ``code:553>=10`` and the like. Raises UsageError for another form, an unknown class or cause."""
        match = _FORM.fullmatch(text.replace(" ", ""))
        if match is None:
            raise UsageError(f"--fail-on {text}: write it as code:553>=10, class:5xx>5% or cause:ip_blocked>0.")
        kind, name, compare, bound, percent = match.groups()
        if kind == "class" and not re.fullmatch(r"[2-5]xx", name):
            raise UsageError(f"--fail-on {text}: a class is 2xx, 3xx, 4xx or 5xx.")
        if kind == "code" and not re.fullmatch(r"[2-5][0-9]{2}|[245]\.[0-9]{1,3}\.[0-9]{1,3}", name):
            raise UsageError(f"--fail-on {text}: a code is a reply code (553) or an enhanced status code (5.1.3).")
        if kind == "cause" and name not in causes:
            raise UsageError(f"--fail-on {text}: there is no cause {name!r}. Causes: {', '.join(sorted(causes))}.")
        return cls(text, kind, name, compare, float(bound), bool(percent))

    def holds(self, sections: Mapping[str, Section]) -> bool:
        """Whether the report's numbers meet the condition; a share of nothing is 0."""
        count, total = self._numbers(sections)
        value = 100 * count / total if self.share and total else 0.0 if self.share else count
        return _COMPARE[self.compare](value, self.bound)

    def _numbers(self, sections: Mapping[str, Section]) -> tuple[int, int]:
        if self.kind == "cause":
            causes = sections["causes"]
            counts = {
                row[causes.place("name")]: sum(row[causes.place(c)] for c in ("remote", "us", "local"))
                for row in causes.rows
            }
            return counts.get(self.name, 0), sum(counts.values())
        section = sections["reply_classes" if self.kind == "class" else "reply_codes"]
        count = section.place("count")
        column = {"class": "reply_class", "code": "enhanced_code" if "." in self.name else "reply_code"}[self.kind]
        wanted = self.name[0] if self.kind == "class" else self.name
        place = section.place(column)
        found = sum(row[count] for row in section.rows if str(row[place]) == wanted)
        return found, sum(row[count] for row in section.rows)
