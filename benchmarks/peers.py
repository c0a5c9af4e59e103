"""The programs we are measured against: pflogsumm and eximstats from Debian's packages, unpacked, never installed.

python benchmarks/peers.py        fetches them into benchmarks/logs/peers and says where they are
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

LOGS = Path(__file__).parent / "logs"
FOLDER = LOGS / "peers"
#: The peer of each MTA: its name, the Debian package that holds it, its place in the package.
PEERS = {
    "postfix": ("pflogsumm", "pflogsumm", "usr/sbin/pflogsumm"),
    "exim": ("eximstats", "exim4-base", "usr/sbin/eximstats"),
}
CURE = (
    "On another system put the scripts pflogsumm (https://jimsun.linxnet.com/postfix_contrib.html) and eximstats (part of "
    f"Exim's sources) into {FOLDER}, or run with --no-peers."
)


class PeerError(Exception):
    """A peer cannot be had; the text says what to do."""


def peer(mta: str) -> list[str] | None:
    """The command that starts the MTA's peer; None for sendmail, for which Debian has none."""
    if mta not in PEERS:
        return None
    name, package, place = PEERS[mta]
    perl = shutil.which("perl")
    if perl is None:
        raise PeerError(f"{name} needs Perl, which is not here. Install it, or run with --no-peers.")
    for script in (FOLDER / name, FOLDER / place):
        if script.is_file():
            return [perl, str(script)]
    fetch(package)
    if not (FOLDER / place).is_file():
        raise PeerError(f"Debian's package {package} holds no {place}. {CURE}")
    return [perl, str(FOLDER / place)]


def fetch(package: str) -> None:
    """Download a package as whoever runs this, and unpack it into our own folder."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise PeerError(f"{tool} is not here, so Debian's package {package} cannot be fetched. {CURE}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["apt-get", "download", package], cwd=FOLDER, capture_output=True, text=True, check=False)
    archives = sorted(FOLDER.glob(f"{package}_*.deb"))
    if done.returncode or not archives:
        raise PeerError(f"apt-get download {package} failed: {done.stderr.strip()} Try apt-get update first. {CURE}")
    subprocess.run(["dpkg-deb", "-x", archives[-1], FOLDER], check=True)


def main() -> None:
    try:
        for mta in PEERS:
            print(mta, *(peer(mta) or []))
    except PeerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
