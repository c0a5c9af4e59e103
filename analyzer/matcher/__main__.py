"""``python -m analyzer.matcher LINE``: which template takes a line and what each field got, or where the nearest stopped."""

from __future__ import annotations

import sys

from analyzer.matcher import Recogniser
from analyzer.matcher.explain import describe

USAGE = "Give a whole log line in quotes, or lines on standard input: python -m analyzer.matcher 'Nov 24 13:14:27 mx postfix/smtpd[1]: ...'"


def main(arguments: list[str]) -> int:
    """Describe the lines given as arguments, or those of standard input."""
    if arguments and arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    if not arguments and sys.stdin.isatty():
        print(USAGE, file=sys.stderr)
        return 2
    lines = [a.encode("utf-8", "surrogateescape") for a in arguments] or sys.stdin.buffer.read().splitlines()
    recogniser = Recogniser()
    print("\n\n".join(describe(recogniser, line) for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
