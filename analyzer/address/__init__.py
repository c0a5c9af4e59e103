"""What is wrong with a mail address, where, and what was probably meant.

Thin over email-validator (RFC 5322 and IDNA syntax) plus the limits of RFC 5321; the many ways in which addresses are
damaged are named here, because "invalid address" helps nobody. Knows no log.

An address is as it stands in the envelope, without the angle brackets. To add a defect: its sentence in ``defects.py``, its
test in ``checks.py``, and a broken address in the tests.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from analyzer.address.checks import CHECKS, Finding
from analyzer.address.defects import MISSPELT, SENTENCES

__all__ = ["SENTENCES", "Diagnosis", "diagnose"]

#: Longer input is not looked into any further.
REACH = 2000


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is the matter with one address.

    ``mark`` is (start, end) of the place in ``address``; ``intended`` is what was probably meant, where that is obvious;
    ``needs_smtputf8`` says that a valid address can only go over servers with SMTPUTF8.
    """

    address: str
    valid: bool
    defect: str | None = None
    sentence: str = ""
    mark: tuple[int, int] | None = None
    intended: str | None = None
    needs_smtputf8: bool = False

    @property
    def pointed(self) -> str:
        """The address with carets under the place that is meant; control characters as a middle dot."""
        shown = "".join("·" if unicodedata.category(char).startswith("C") else char for char in self.address)
        if self.mark is None:
            return shown
        start, end = self.mark
        return f"{shown}\n{' ' * start}{'^' * max(1, end - start)}"


def diagnose(address: str | bytes) -> Diagnosis:
    """What is wrong with an address, or that nothing is: the first defect in the order of ``CHECKS``.

    The null reverse-path (an empty address) is named ``empty``. Source: RFC 5321 4.1.2, 4.5.3.1; RFC 6531 3.3.
    """
    if isinstance(address, bytes):
        try:
            text = address[:REACH].decode("utf-8")
        except UnicodeDecodeError as error:
            return _broken(address[:REACH].decode("latin-1"), ("not_utf8", (error.start, error.end), None))
    else:
        text = address[:REACH]
    found = _first_defect(text)
    if found is not None:
        return _broken(text, found)
    local, _, domain = text.rpartition("@")
    meant = MISSPELT.get(domain.lower())
    return Diagnosis(
        text,
        valid=True,
        intended=f"{local}@{meant}" if meant else None,
        needs_smtputf8=not local.isascii(),
    )


def _first_defect(address: str) -> Finding | None:
    return next((found for check in CHECKS if (found := check(address)) is not None), None)


def _broken(address: str, found: Finding) -> Diagnosis:
    defect, mark, mended = found
    return Diagnosis(address, False, defect, SENTENCES[defect], mark, _repaired(mended) if mended else None)


def _repaired(address: str, steps: int = 4) -> str | None:
    """The address with further obvious defects taken away; None if it stays broken."""
    found = _first_defect(address)
    if found is None:
        return address
    mended = found[2]
    return _repaired(mended, steps - 1) if mended and mended != address and steps else None
