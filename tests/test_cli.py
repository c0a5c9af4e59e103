"""Commands, exit codes and what they say: the contract as a user meets it."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

LINES = b"""\
2026-11-24T13:14:27.000000+00:00 mx postfix/smtpd[1]: connect from a.example.net[192.0.2.1]
2026-11-24T13:14:28.000000+00:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from a.example.net[192.0.2.1]: 553 5.7.1 \
<b@example.org>: Sender address rejected: not owned by user crm; from=<b@example.org> to=<c@example.net> proto=ESMTP helo=<a>
2026-11-24T13:14:29.000000+00:00 mx postfix/smtp[2]: 4C1D32F01: to=<d@example.net>, relay=mx.example.net[192.0.2.9]:25, \
delay=0.7, delays=0.5/0.01/0.1/0.09, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4C1D32F02)
2026-11-24T13:14:30.000000+00:00 mx sshd[3]: Accepted publickey for root
"""


def run(*arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "analyzer", *arguments], input=stdin, capture_output=True, check=False, env=os.environ | (env or {})
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "mail.log"
    path.write_bytes(LINES)
    return path


def test_report_prints_a_summary_and_writes_nothing(log: Path) -> None:
    log.write_bytes(LINES * 3)
    done = run("report", str(log))
    assert done.returncode == 0, done.stderr
    assert b"553 5.7.1" in done.stdout
    assert b"\x1b" not in done.stdout
    assert os.listdir(log.parent) == ["mail.log"]


def test_json_is_the_document_that_a_folder_gets(log: Path, tmp_path: Path) -> None:
    printed = run("report", str(log), "--format", "json")
    written = run("report", str(log), "-o", str(tmp_path / "out"), "-q")
    assert written.returncode == 0, written.stderr
    assert written.stdout == b""
    assert json.loads(printed.stdout) == json.loads((tmp_path / "out" / "summary.json").read_bytes())
    accounting = json.loads(printed.stdout)["accounting"]
    assert accounting["lines"] == 4 == sum(n for kind, n in accounting.items() if kind != "lines")
    assert accounting["other_programs"] == 1


def test_files_are_for_their_owner_alone(log: Path, tmp_path: Path) -> None:
    run("report", str(log), "-o", str(tmp_path / "out"), "-q")
    run("events", str(log), "-o", str(tmp_path / "events.parquet"))
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path != log]
    assert len(files) > 15
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_events_as_json_lines_csv_and_parquet(log: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in run("events", str(log)).stdout.splitlines()]
    assert [row["event"] for row in rows] == ["connected", "rejected", "delivered"]
    assert rows[1]["reply_code"] == 553
    assert rows[1]["time"] == "2026-11-24T13:14:28Z"
    printed = run("events", str(log), "--format", "csv", "--columns", "event,reply_code").stdout
    assert printed == b"event,reply_code\nconnected,\nrejected,553\ndelivered,250\n"
    assert run("events", str(log), "-o", str(tmp_path / "e.parquet")).returncode == 0
    import pyarrow.parquet as pq

    table = pq.read_table(tmp_path / "e.parquet")
    assert table.num_rows == 3
    assert table.schema.metadata[b"analyzer_schema"] == b"1"


def test_standard_input_packed_or_not(log: Path) -> None:
    plain = run("report", "-", "--format", "json", stdin=LINES).stdout
    packed = run("report", "-", "--format", "json", stdin=gzip.compress(LINES)).stdout
    assert json.loads(plain)["sections"] == json.loads(packed)["sections"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", b"no mail in this log"), (b"Nov 24 13:14:27 host sshd[1]: hello\n", b"no mail in this log")],
    ids=["empty", "no mail"],
)
def test_a_log_without_mail_is_said_and_no_error(tmp_path: Path, content: bytes, sentence: bytes) -> None:
    (tmp_path / "mail.log").write_bytes(content)
    done = run("report", str(tmp_path / "mail.log"))
    assert done.returncode == 0
    assert sentence in done.stdout


def test_a_missing_file_is_a_sentence_and_exit_2() -> None:
    done = run("report", "nowhere.log")
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"nowhere.log does not exist" in done.stderr


def test_a_binary_file_and_a_folder_without_logs_are_exit_2(tmp_path: Path) -> None:
    (tmp_path / "photo.log").write_bytes(bytes(range(256)) * 64)
    (tmp_path / "empty").mkdir()
    for name in ("photo.log", "empty"):
        done = run("report", str(tmp_path / name))
        assert done.returncode == 2, done.stdout
        assert name.encode() in done.stderr
    assert run("report", "-", stdin=bytes(range(256)) * 64).returncode == 2


def test_a_missing_file_beside_a_good_one_is_exit_3(log: Path) -> None:
    log.write_bytes(LINES * 3)
    done = run("report", str(log), "nowhere.log")
    assert done.returncode == 3
    assert b"nowhere.log" in done.stderr
    assert b"553 5.7.1" in done.stdout
    assert run("events", str(log), "nowhere.log").returncode == 3


def test_a_cut_archive_keeps_what_could_be_read(tmp_path: Path) -> None:
    (tmp_path / "mail.log.gz").write_bytes(gzip.compress(LINES * 2000)[:-200])
    done = run("report", str(tmp_path / "mail.log.gz"), "--format", "json")
    assert done.returncode == 3
    document = json.loads(done.stdout)
    assert [damage["kind"] for damage in document["damage"]] == ["truncated"]
    assert document["accounting"]["events"] > 1000


@pytest.mark.parametrize(
    "arguments",
    [
        ["codes", "show", "999"],
        ["codes", "compare", "220", "abc"],
        ["report", "--mta", "qmail", "x.log"],
        ["report", "--timezone", "Europe/Madird", "x.log"],
        ["report", "--since", "soon", "x.log"],
        ["report", "--recurring", "0", "x.log"],
        ["report", "--bogus"],
        ["events", "--columns", "reply_cod", "x.log"],
        ["events", "-o", "x.xls", "x.log"],
        ["nothing"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_a_sentence_and_exit_2(arguments: list[str], log: Path) -> None:
    log.rename(log.with_name("x.log"))
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    assert len(done.stderr) > 30


def test_wrong_usage_names_the_nearest_choice() -> None:
    assert b"'reply_code'" in run("events", "--columns", "reply_cod", "x.log").stderr
    assert b"Europe/Madrid" in run("report", "--timezone", "Europe/Madird", "x.log").stderr


def test_a_reader_that_stops_early_is_no_error(log: Path) -> None:
    log.write_bytes(LINES * 5000)
    process = subprocess.Popen(
        [sys.executable, "-m", "analyzer", "events", str(log)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert errors == b""


def test_compare_220_and_553_gives_all_parts_of_the_seed_page() -> None:
    english = " ".join(run("codes", "compare", "220", "553").stdout.decode().split())
    for part in ("Service ready", "Mailbox name invalid", "positive completion", "permanent negative", "25, 465 or 587", "firewall"):
        assert part in english
    spanish = run("codes", "compare", "220", "553", "--lang", "es").stdout.decode()
    for heading in ("Descripción", "Cuándo lo verás", "Cómo solucionarlo", "Diferencias clave", "Cuándo usar cada uno"):
        assert heading in spanish


def test_period_and_mta_choose_lines(log: Path) -> None:
    done = run("events", str(log), "--since", "2026-11-24T13:14:28Z", "--until", "2026-11-24T13:14:29Z", "--columns", "event")
    assert done.stdout == b'{"event": "rejected"}\n'
    assert run("events", str(log), "--mta", "exim").stdout == b""


def test_lines_that_no_template_takes_go_to_a_file(log: Path, tmp_path: Path) -> None:
    odd = b"2026-11-24T13:15:00+00:00 mx postfix/smtpd[1]: zyzzyva says hello\n"
    log.write_bytes(LINES + odd)
    done = run("report", str(log), "--unrecognised", str(tmp_path / "odd.txt"), "--format", "json")
    assert (tmp_path / "odd.txt").read_bytes() == odd
    assert json.loads(done.stdout)["accounting"]["unrecognised"] == 1


@pytest.mark.parametrize(
    ("expression", "status"),
    [
        ("code:553>=3", 1),
        ("code:553>3", 0),
        ("code:5.7.1==3", 1),
        ("class:5xx>49%", 1),
        ("class:5xx>50%", 0),
        ("class:2xx>=3", 1),
        ("cause:sender_not_owned>0", 1),
        ("cause:ip_blocked>0", 0),
    ],
)
def test_fail_on_holds_or_not(expression: str, status: int, log: Path) -> None:
    log.write_bytes(LINES * 3)
    done = run("report", str(log), "-q", "--fail-on", expression)
    assert done.returncode == status
    assert (expression.encode() in done.stderr) == bool(status)


def test_fail_on_wins_over_damage(log: Path) -> None:
    assert run("report", str(log), "nowhere.log", "-q", "--fail-on", "code:553>0").returncode == 1


@pytest.mark.parametrize("expression", ["553>3", "code:abc>1", "class:6xx>1", "cause:nonsense>0", "code:553>many"])
def test_a_wrong_condition_is_told_before_anything_is_read(expression: str) -> None:
    done = run("report", "nowhere.log", "--fail-on", expression)
    assert done.returncode == 2
    assert b"--fail-on" in done.stderr


def test_explain_gives_cause_evidence_and_fix() -> None:
    reply = "553 5.7.1 <b@example.org>: Sender address rejected: not owned by user crm"
    text = run("explain", reply, "--speaker", "us").stdout.decode()
    assert "sender_not_owned" in text
    assert "\u00bbnot owned by\u00ab" in text
    assert "smtpd_sender_login_maps" in text
    document = json.loads(run("explain", reply, "--format", "json").stdout)
    assert (document["cause"], document["confidence"], document["reply_code"]) == ("sender_not_owned", "words", 553)
    assert run("explain", reply, "--speaker", "nobody").returncode == 2


def test_the_result_is_the_same_with_any_number_of_threads(log: Path) -> None:
    log.write_bytes(LINES * 2000)
    one, three = (run("report", str(log), "--format", "json", "--jobs", jobs).stdout for jobs in ("1", "3"))
    assert one == three
    assert json.loads(one)["accounting"]["lines"] == 8000


def test_users_rules_go_before_ours(tmp_path: Path, log: Path) -> None:
    log.write_bytes(LINES * 3)
    (tmp_path / "mine.toml").write_text(
        "[[rule]]\nname = 'ours'\ncause = 'greylisted'\nany = ['not owned by']\n"
        "samples = ['553 5.7.1 not owned by user', '550 not owned by you']\ncounter = ['550 5.1.1 unknown user']\n"
    )
    assert b"(greylisted)" in run("explain", "553 not owned by user crm", "--causes", str(tmp_path / "mine.toml")).stdout
    done = run("report", str(log), "--format", "json", "--causes", str(tmp_path / "mine.toml"))
    assert [finding["cause"] for finding in json.loads(done.stdout)["findings"]] == ["greylisted"]
    assert run("explain", "553 x", "--causes", "nowhere.toml").returncode == 2


def test_help_names_the_memory_that_is_taken_by_default() -> None:
    from analyzer.tallies import MEMORY

    shown = run("report", "--help").stdout.decode()
    assert f"[default: {MEMORY // 10**6}MB]" in " ".join(shown.replace("│", " ").split())
