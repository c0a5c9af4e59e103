"""Sources: from names on the command line to blocks of whole lines.

Knows bytes, file names and the file system; has never heard of an MTA, nor of what stands in a line.

    found = find(["/var/log/mail.log*"], time_of=...)     search.py, folder.py, rotation.py
    for source in found.sources:
        for block in blocks(source, report=...):          reading.py, packed.py
            ...
    require_any(anything_read, damage)                    damage.py

To read logs from somewhere new (a journal, an object store), give `Source` a way to say so and `reading.RawFile` a
way to open it: all that follows asks only for `readinto`.
"""

from analyzer.sources.damage import DAMAGE_KINDS, Block, Damage, Found, Source, require_any
from analyzer.sources.reading import blocks
from analyzer.sources.search import USUAL_PLACES, TimeOf, find

__all__ = [
    "DAMAGE_KINDS",
    "USUAL_PLACES",
    "Block",
    "Damage",
    "Found",
    "Source",
    "TimeOf",
    "blocks",
    "find",
    "require_any",
]
