"""Every test runs with the same small environment, in UTC, in an empty folder: none depends on the machine."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=("compiled", "reference"), help="run everything with this engine")


@pytest.fixture(autouse=True)
def _engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.config.getoption("--engine") == "reference":
        monkeypatch.setattr("analyzer.matcher.program.extension", lambda: None)


@pytest.fixture(autouse=True)
def _same_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name not in {
            "PATH",
            "HOME",
            "TMPDIR",
            "LD_LIBRARY_PATH",
            "PYTHONHASHSEED",
            "SSL_CERT_FILE",
            "UPDATE_GOLDEN",
        }:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(ROOT / ".cache"))  # nothing is left outside the checkout
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    time.tzset()
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def data() -> Path:
    return ROOT / "tests" / "data"
