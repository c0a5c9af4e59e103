"""Sources: what is found, in which order, and that no byte of it is lost or invented on the way into blocks."""

import bz2
import gzip
import io
import lzma
import os
import re
import socket
import struct
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.errors import SourceError
from analyzer.sources import DAMAGE_KINDS, Source, blocks, find, require_any
from analyzer.sources.reading import KEPT_OF_LONG_LINE, MAX_LINE
from analyzer.sources.rotation import rotation

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micro(*when):
    return (datetime(*when, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def time_of(head):
    """First stamp in a head: `2026-11-01 ...` has its year, `Nov  1 ...` has none (1972 stands in)."""
    for line in head.split(b"\n"):
        if found := re.match(rb"\d{4}-\d\d-\d\d", line):
            return micro(*map(int, found[0].split(b"-")))
        if re.match(rb"[A-Z][a-z]{2} [ \d]\d ", line):
            day = datetime.strptime("1972 " + line[:6].decode(), "%Y %b %d").replace(tzinfo=UTC)
            return (day - EPOCH) // timedelta(microseconds=1), True
    return None


def pack_zstd(data, path):
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as sink, pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return path.read_bytes()


def pack_xz(data):
    return lzma.compress(data, preset=1)


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": pack_xz}


def source_of(path):
    status = path.stat()
    return Source(str(path), path, status.st_mtime_ns // 1000, size=status.st_size)


def read(path_or_source, **options):
    """All of a source: joined bytes, blocks, damage."""
    source = source_of(path_or_source) if isinstance(path_or_source, Path) else path_or_source
    damage = []
    got = list(blocks(source, report=damage.append, **options))
    assert all(row.kind in DAMAGE_KINDS for row in damage)
    return b"".join(block.data for block in got), got, damage


def names(found):
    return [Path(source.name).name for source in found.sources]


def log_in(folder, name, content=b"2026-11-01 00:00:00 a line\n", modified=None):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if modified is not None:
        seconds = modified / 1e6
        os.utime(path, (seconds, seconds))
    return path


# Blocks

lines = st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"\r")), max_size=40)
contents = st.builds(lambda parts, end: b"\n".join(parts) + end, lines, st.sampled_from([b"", b"\n", b"\n\n", b"\r\n"]))
same_folder = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@same_folder
@given(content=contents, size=st.integers(1, 200), packed=st.sampled_from(["", "gz", "bz2", "xz", "zst"]))
def test_joined_blocks_are_the_content(tmp_path, content, size, packed):
    path = tmp_path / "log"
    # What starts like a packed file is taken for one: put a letter in front.
    content = b"x" + content
    path.write_bytes(PACKERS[packed](content) if packed in PACKERS else content)
    if packed == "zst":
        pack_zstd(content, path)
    joined, got, damage = read(path, size=size)
    assert joined == content
    assert damage == []
    for block, following in zip(got, [*got[1:], None], strict=True):
        assert content[block.offset :].startswith(block.data)
        assert following is None or block.data.endswith(b"\n")
    assert got[-1].read == path.stat().st_size


@same_folder
@given(
    lengths=st.lists(st.sampled_from([0, 1, 70_000, MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 3 * MAX_LINE]), max_size=4),
    size=st.sampled_from([1000, 65_536, MAX_LINE]),
    final=st.booleans(),
)
def test_one_line_stays_one_line_however_long(tmp_path, lengths, size, final):
    content = b"\n".join(bytes([97 + place]) * length for place, length in enumerate(lengths)) + b"\n" * final
    path = tmp_path / "log"
    path.write_bytes(content)
    joined, got, damage = read(path, size=size)
    expected = [line if len(line) <= MAX_LINE else line[:KEPT_OF_LONG_LINE] for line in content.split(b"\n")]
    assert joined == b"\n".join(expected)
    assert all(content[block.offset :].startswith(block.data.removesuffix(b"\n")) for block in got)
    too_long = [length for length in lengths if length > MAX_LINE]
    assert [(row.kind, row.skipped) for row in damage] == [("long line", n - KEPT_OF_LONG_LINE) for n in too_long]


def test_block_size_is_held_where_lines_allow_it(tmp_path):
    path = log_in(tmp_path, "log", b"0123456789\n" * 10_000)
    _, got, _ = read(path, size=4096)
    assert {len(block.data) for block in got[:-1]} == {4096 // 11 * 11}


def test_crlf_and_empty_lines_are_untouched_and_an_empty_file_has_no_block(tmp_path):
    assert read(log_in(tmp_path, "a", b"\n\r\n\na\r\n\n"))[0] == b"\n\r\n\na\r\n\n"
    assert read(log_in(tmp_path, "b", b""))[1:] == ([], [])


def test_a_growing_file_ends_where_it_ended_when_it_was_opened(tmp_path):
    path = log_in(tmp_path, "log", b"x\n" * 3_000_000)
    reading = blocks(source_of(path), report=pytest.fail)
    total = len(next(reading).data)
    with path.open("ab") as more:
        more.write(b"later\n" * 1000)
    assert total + sum(len(block.data) for block in reading) == 6_000_000


def test_a_file_cut_while_it_is_read_is_damage(tmp_path):
    path = log_in(tmp_path, "log", b"x\n" * 3_000_000)
    damage = []
    reading = blocks(source_of(path), report=damage.append)
    next(reading)
    os.truncate(path, 2_000_000)
    assert sum(len(block.data) for block in reading) + MAX_LINE == 2_000_000
    assert [(row.kind, row.offset, row.skipped) for row in damage] == [("truncated", 2_000_000, 4_000_000)]


def test_an_unpacking_bomb_is_read_in_constant_memory(tmp_path):
    import tracemalloc

    path = log_in(tmp_path, "log.gz", gzip.compress(b"a\n" * 30_000_000, 9))
    tracemalloc.start()
    total = sum(len(block.data) for block in blocks(source_of(path), report=pytest.fail))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 60_000_000
    assert peak < 8 << 20


def test_a_read_error_keeps_what_came_before(tmp_path, monkeypatch):
    path = log_in(tmp_path, "log", b"x\n" * 3_000_000)
    damage = []
    reading = blocks(source_of(path), report=damage.append)
    next(reading)

    def broken_disk(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "readv", broken_disk)
    assert list(reading) == []
    assert [(row.kind, row.offset, row.skipped) for row in damage] == [("unreadable", MAX_LINE, 6_000_000 - MAX_LINE)]
    assert "Input/output error" in damage[0].message


# Packed files

TEXT = b"".join(b"Nov  1 00:00:00 host postfix/smtpd[%d]: line %d\n" % (n * n % 7919, n) for n in range(25_000))


def packed_text(packed, tmp_path, text=TEXT):
    return pack_zstd(text, tmp_path / "packed.tmp") if packed == "zst" else PACKERS[packed](text)


@pytest.mark.parametrize("packed", ["gz", "bz2", "xz", "zst"])
def test_members_one_after_the_other_are_one_log(tmp_path, packed):
    data = packed_text(packed, tmp_path)
    path = log_in(tmp_path, "named-as-nothing", data + data)
    assert read(path)[0] == TEXT + TEXT
    assert find([str(path)], time_of=time_of).sources[0].packed == packed


@pytest.mark.parametrize("packed", ["gz", "bz2", "xz", "zst"])
def test_what_a_truncated_file_still_says_is_read(tmp_path, packed):
    data = packed_text(packed, tmp_path)
    joined, _, damage = read(log_in(tmp_path, "mail.log.1", data[: len(data) * 3 // 4]))
    assert TEXT.startswith(joined)
    # bzip2 and xz pack in big pieces, of which only whole ones can be had (xz: one, but it is a stream)
    assert len(joined) > len(TEXT) // 4
    assert [(row.kind, row.offset) for row in damage] == [("truncated", len(joined))]
    assert "copy the file again" in damage[0].message


@pytest.mark.parametrize("packed", ["gz", "bz2", "xz", "zst"])
def test_a_fault_inside_is_damage_and_what_stands_before_is_read(tmp_path, packed):
    data = bytearray(packed_text(packed, tmp_path))
    place = len(data) * 3 // 4
    data[place : place + 64] = bytes(byte ^ 0xA5 for byte in data[place : place + 64])
    joined, _, damage = read(log_in(tmp_path, "mail.log.1", bytes(data)))
    assert len(joined) > len(TEXT) // 4
    assert joined[: len(TEXT) // 4] == TEXT[: len(TEXT) // 4]
    assert [row.kind for row in damage] == ["corrupt"]


def test_a_gzip_file_with_a_wrong_checksum_is_read_to_its_end(tmp_path):
    data = bytearray(gzip.compress(TEXT))
    data[-8] ^= 0xFF
    joined, _, damage = read(log_in(tmp_path, "mail.log.1", bytes(data)))
    assert joined == TEXT
    assert [row.kind for row in damage] == ["corrupt"]


@pytest.mark.parametrize("packed", ["gz", "bz2", "xz"])
def test_garbage_after_the_end_is_damage_but_padding_is_not(tmp_path, packed):
    data = packed_text(packed, tmp_path)
    joined, _, damage = read(log_in(tmp_path, "a", data + b"\0" * 5000))
    assert (joined, damage) == (TEXT, [])
    joined, _, damage = read(log_in(tmp_path, "b", data + b"\0" * 4 + b"garbage"))
    assert joined == TEXT
    assert [(row.kind, row.offset) for row in damage] == [("corrupt", len(TEXT))]


def test_garbage_after_a_zstd_frame_is_damage(tmp_path):
    joined, _, damage = read(log_in(tmp_path, "b", packed_text("zst", tmp_path) + b"garbage garbage"))
    assert TEXT.startswith(joined)
    assert len(TEXT) - len(joined) < 1 << 14
    assert [row.kind for row in damage] == ["corrupt"]


def test_plain_text_called_gz_is_plain_text(tmp_path):
    path = log_in(tmp_path, "mail.log.1.gz", b"2026-11-01 plain\n")
    assert read(path)[0] == b"2026-11-01 plain\n"
    assert find([str(path)], time_of=time_of).sources[0].packed == ""


def test_gzip_header_says_when_the_log_was_modified(tmp_path):
    dated = bytearray(gzip.compress(b"2026-11-01 x\n", mtime=0))
    path = log_in(tmp_path, "a.log", bytes(dated), modified=micro(2026, 12, 1))
    assert find([str(path)], time_of=time_of).sources[0].modified == micro(2026, 12, 1)
    dated[4:8] = struct.pack("<I", micro(2026, 11, 2) // 1_000_000)
    path = log_in(tmp_path, "a.log", bytes(dated), modified=micro(2026, 12, 1))
    assert find([str(path)], time_of=time_of).sources[0].modified == micro(2026, 11, 2)


# Standard input and pipes


@pytest.mark.parametrize("pack", [bytes, *PACKERS.values()])
def test_standard_input_plain_and_packed(pack):
    packed = pack(TEXT)
    found = find(["-"], time_of=time_of)
    assert [(source.name, source.path, source.size) for source in found.sources] == [("<stdin>", None, None)]
    joined, got, damage = read(found.sources[0], stdin=io.BytesIO(packed), size=5000)
    assert (joined, damage) == (TEXT, [])
    assert got[-1].read == len(packed)


def test_standard_input_that_holds_no_text_leaves_nothing_to_read():
    joined, _, damage = read(Source("<stdin>", None), stdin=io.BytesIO(bytes(range(256)) * 100))
    assert (joined, [row.kind for row in damage]) == (b"", ["binary"])
    with pytest.raises(SourceError, match="<stdin> is a binary file"):
        require_any(anything_read=False, damage=damage)
    require_any(anything_read=True, damage=damage)


def test_the_process_standard_input_is_the_default(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(TEXT))))
    assert read(Source("<stdin>", None))[0] == TEXT


def test_named_pipes_and_process_substitution_are_read_once_as_streams(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, gzip.compress(b"2026-11-01 piped\n"))
    os.close(writing)
    found = find([f"/dev/fd/{reading}"], time_of=time_of)
    assert found.sources[0].size is None
    assert read(found.sources[0])[0] == b"2026-11-01 piped\n"
    os.close(reading)


# Finding


def test_a_named_file_is_read_whatever_it_is_called(tmp_path):
    path = log_in(tmp_path, "README.md", b"no stamp here\n")
    assert names(find([str(path)], time_of=time_of)) == ["README.md"]


def test_a_source_is_shown_as_it_was_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log_in(tmp_path, "logs/mail.log")
    for given_name in ("logs/mail.log", "./logs/mail.log", "logs", "logs/mail.l*"):
        shown = find([given_name], time_of=time_of).sources[0].name
        assert shown == (given_name if given_name.endswith("mail.log") else "logs/mail.log")


def test_folder_gives_mail_logs_by_name(tmp_path):
    logs = [
        "exim4/mainlog", "exim4/mainlog.01", "exim4/rejectlog", "exim_mainlog", "mail-iso.log", "mail.log",
        "mail.log.1", "mail.log.2.gz", "maillog-20261101", "main.log", "old/Mail.log-20261101.xz", "postfix.log",
    ]  # fmt: skip
    for name in logs:
        log_in(tmp_path, name, b"2026-11-01 " + name.encode() + b"\n")
    for name in (
        "auth.log",
        "sql-main.log",
        "README.md",
        "facts.json",
        "sendmail.st",
        "main.cf",
        "mail.log.json",
        ".mail.log",
        ".snapshot/mail.log",
        "access",
    ):
        log_in(tmp_path, name)
    found = find([str(tmp_path)], time_of=time_of)
    assert sorted(str(source.path.relative_to(tmp_path)) for source in found.sources) == logs
    assert found.damage == []
    assert any("left out, not named as a mail log" in note and "auth.log" in note for note in found.notes)


def test_folder_without_mail_logs_gives_any_log_then_any_text(tmp_path):
    log_in(tmp_path, "README.md")
    log_in(tmp_path, "lines", b"2026-11-01 b\n")
    assert names(find([str(tmp_path)], time_of=time_of)) == ["lines"]
    log_in(tmp_path, "server.log", b"2026-11-01 a\n")
    assert names(find([str(tmp_path)], time_of=time_of)) == ["server.log"]
    log_in(tmp_path, "syslog", b"2026-11-01 c\n")
    assert names(find([str(tmp_path)], time_of=time_of)) == ["syslog"]


def test_folder_leaves_out_what_repeats_mail_log(tmp_path):
    for name in ("mail.log", "mail.err", "mail.warn.1", "syslog", "syslog.2.gz", "other/syslog"):
        log_in(tmp_path, name, b"2026-11-01 " + name.encode() + b"\n")
    found = find([str(tmp_path)], time_of=time_of)
    assert [str(source.path.relative_to(tmp_path)) for source in found.sources] == ["mail.log", "other/syslog"]
    assert sum("it repeats lines of mail.log" in note for note in found.notes) == 4
    assert names(find([str(tmp_path / "syslog")], time_of=time_of)) == ["syslog"]


def test_glob_without_a_match_and_missing_files(tmp_path):
    log_in(tmp_path, "mail.log")
    with pytest.raises(SourceError, match=r"No file matches .*x\*"):
        find([str(tmp_path / "x*")], time_of=time_of)
    with pytest.raises(SourceError, match=r"mail\.lgo does not exist: did you mean .*mail\.log\?"):
        find([str(tmp_path / "mail.lgo")], time_of=time_of)
    found = find([str(tmp_path / "mail.*"), str(tmp_path / "nothing"), str(tmp_path / "x*")], time_of=time_of)
    assert names(found) == ["mail.log"]
    assert [row.kind for row in found.damage] == ["missing", "missing"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    path = log_in(tmp_path, "mail[1].log")
    assert names(find([str(path)], time_of=time_of)) == ["mail[1].log"]


def test_the_same_file_is_read_once(tmp_path):
    path = log_in(tmp_path, "mail.log")
    (tmp_path / "link.log").symlink_to(path)
    (tmp_path / "hard.log").hardlink_to(path)
    found = find([str(path), str(tmp_path / "*.log"), str(path), "-", "-"], time_of=time_of)
    assert names(found) == ["mail.log", "<stdin>"]
    assert sum("is the same file as" in note for note in found.notes) == 2
    assert sum("was named twice" in note for note in found.notes) == 3


def test_an_unpacked_copy_beside_the_packed_log_is_pointed_out(tmp_path):
    log_in(tmp_path, "mail.log.1", TEXT)
    log_in(tmp_path, "mail.log.1.gz", gzip.compress(TEXT))
    log_in(tmp_path, "mail.log.2", b"")
    log_in(tmp_path, "mail.log.3", b"")
    notes = find([str(tmp_path)], time_of=time_of).notes
    assert [("begins with the same lines" in note) for note in notes] == [True]


def test_empty_file_is_fine_and_a_folder_without_logs_is_not(tmp_path):
    assert names(find([str(log_in(tmp_path, "mail.log", b""))], time_of=time_of)) == ["mail.log"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no log"):
        find([str(tmp_path / "empty")], time_of=time_of)


def test_binary_file_alone_and_among_others(tmp_path):
    program = log_in(tmp_path, "program", Path(sys.executable).read_bytes()[:100_000])
    noise = log_in(tmp_path, "noise", bytes(range(256)) * 100)
    packed = log_in(tmp_path, "noise.gz", gzip.compress(bytes(range(256)) * 100))
    for path in (program, noise, packed):
        with pytest.raises(SourceError, match=r"is a .*, not a log: name a text log"):
            find([str(path)], time_of=time_of)
    found = find([str(noise), str(log_in(tmp_path, "mail.log"))], time_of=time_of)
    assert names(found) == ["mail.log"]
    assert [(row.kind, row.skipped) for row in found.damage] == [("binary", 25_600)]


@pytest.mark.parametrize(
    ("head", "cure"),
    [
        (b"LPKSHHRH", "journalctl --file"),
        (b"PK\x03\x04", "unpack it"),
        (b"\xff\xfeN\0o\0v\0", "iconv -f UTF-16"),
        ("\ufeffNov".encode("utf-16-be"), "iconv -f UTF-16"),
    ],
)
def test_other_formats_are_named_with_their_cure(tmp_path, head, cure):
    path = log_in(tmp_path, "mail.log", head + b"more" * 10)
    with pytest.raises(SourceError, match=cure):
        find([str(path)], time_of=time_of)


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 100_000 + b"Nov  1 00:00:00 after a hole\n",
        b"Nov  1 00:00:00 before a crash\n" + b"\0" * 50_000 + b"\nNov  1 00:00:01 after\n",
        b"Nov  1 00:00:00 " + bytes(range(0x80, 0x100)) * 50 + b"\n",
        bytes(range(1, 10)) * 500 + b"\nNov  1 00:00:00 after rubbish\n",
        "01.11 00:00 postfix/smtp: said: 550 5.1.1 <a@example.org>: нет ящика (in reply to RCPT TO command)\n".encode(
            "koi8-r"
        ),
    ],
    ids=["hole in front", "run of NULs", "Latin letters", "rubbish in front", "koi8"],
)
def test_a_damaged_log_is_still_a_log(tmp_path, content):
    path = log_in(tmp_path, "mail.log", content)
    found = find([str(path)], time_of=time_of)
    assert read(found.sources[0])[0] == content


def test_refused_permission_names_the_group_that_may_read(tmp_path, monkeypatch):
    path = log_in(tmp_path, "mail.log")
    other = log_in(tmp_path, "maillog")
    path.chmod(0o640)
    import grp

    group = grp.getgrgid(path.stat().st_gid).gr_name
    true_open = os.open

    def guarded(name, *rest, **named):
        if Path(name) == path:
            raise PermissionError(13, "Permission denied", str(name))
        return true_open(name, *rest, **named)

    monkeypatch.setattr(os, "open", guarded)
    with pytest.raises(SourceError, match=f"the group {group} may.*usermod"):
        find([str(path)], time_of=time_of)
    found = find([str(path), str(other)], time_of=time_of)
    assert names(found) == ["maillog"]
    assert [row.kind for row in found.damage] == ["unreadable"]
    path.chmod(0o600)
    with pytest.raises(SourceError, match=r"only the owner of .* sudo"):
        find([str(path)], time_of=time_of)


def test_a_folder_that_may_not_be_entered_is_the_one_that_is_named(tmp_path, monkeypatch):
    path = log_in(tmp_path, "closed/mail.log")
    path.parent.chmod(0o710)
    true_stat = Path.stat

    def guarded(self, **named):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return true_stat(self, **named)

    monkeypatch.setattr(Path, "stat", guarded)
    monkeypatch.setattr(os, "access", lambda name, mode: Path(name) != path.parent)
    with pytest.raises(SourceError, match=r"mail\.log may not be read by this user: the group \w+ may"):
        find([str(path)], time_of=time_of)
    path.parent.chmod(0o700)
    with pytest.raises(SourceError, match=r"only the owner of .*closed may"):
        find([str(path)], time_of=time_of)


def test_a_pattern_in_a_folder_that_may_not_be_listed_names_the_folder(tmp_path, monkeypatch):
    (tmp_path / "exim4").mkdir(mode=0o750)
    pattern = str(tmp_path / "exim4/mainlog*")
    monkeypatch.setattr(os, "access", lambda name, mode: mode == os.F_OK or Path(name).name != "exim4")
    with pytest.raises(SourceError, match=r"exim4 may not be read by this user: the group"):
        find([pattern], time_of=time_of)
    with pytest.raises(SourceError, match=r"exim4 may not be read by this user: the group"):
        find([], time_of=time_of, usual=[str(tmp_path / "nothing*"), pattern])


def test_the_null_device_is_an_empty_log():
    assert read(find([os.devnull], time_of=time_of).sources[0]) == (b"", [], [])


def test_sub_folder_that_may_not_be_listed_is_a_note_beside_logs_and_an_error_without(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    true_scandir = os.scandir

    def guarded(folder="."):
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied", str(folder))
        return true_scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(SourceError, match="closed may not be read by this user"):
        find([str(tmp_path)], time_of=time_of)
    log_in(tmp_path, "mail.log")
    found = find([str(tmp_path)], time_of=time_of)
    assert (names(found), found.damage) == (["mail.log"], [])
    assert "closed may not be read by this user" in found.notes[0]


def test_a_file_that_vanishes_before_it_is_read_is_damage(tmp_path):
    path = log_in(tmp_path, "mail.log")
    source = find([str(path)], time_of=time_of).sources[0]
    path.unlink()
    assert [row.kind for row in read(source)[2]] == ["missing"]


def test_a_socket_is_no_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("log.sock")
        with pytest.raises(SourceError, match="is a socket, not a log"):
            find(["log.sock"], time_of=time_of)


def test_usual_places_in_their_order_first_with_content(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no journal either
    usual = [str(tmp_path / "mail.log*"), str(tmp_path / "exim4/mainlog*")]
    with pytest.raises(SourceError, match=r"none is at the usual places .*name the log"):
        find([], time_of=time_of, usual=usual)
    log_in(tmp_path, "mail.log", b"")
    assert names(find([], time_of=time_of, usual=usual)) == ["mail.log"]
    log_in(tmp_path, "exim4/mainlog")
    found = find([], time_of=time_of, usual=usual)
    assert names(found) == ["mainlog"]
    assert "mainlog* (1 file)" in found.notes[0]
    log_in(tmp_path, "mail.log.1")
    assert names(find([], time_of=time_of, usual=usual)) == ["mail.log.1", "mail.log"]


# Rotated sets


@pytest.mark.parametrize(
    ("name", "stem", "number", "day"),
    [
        ("mail.log", "mail.log", 0, None),
        ("mail.log.2.gz", "mail.log", 2, None),
        ("mainlog.01", "mainlog", 1, None),
        ("maillog-20261101", "maillog", 0, "2026-11-01"),
        ("mail.log-20261101.xz", "mail.log", 0, "2026-11-01"),
        ("mail.log-2026110113.gz", "mail.log", 0, "2026-11-01"),
        ("mail-20261101.log", "mail.log", 0, "2026-11-01"),
        ("mail.log.2026-11-01.zst", "mail.log", 0, "2026-11-01"),
        ("mail.1.log", "mail.log", 1, None),
        ("mail-iso.log", "mail-iso.log", 0, None),
        ("mail.log-20260231", "mail.log-20260231", 0, None),
    ],
)
def test_names_of_rotated_files(name, stem, number, day):
    taken = rotation(name)
    assert (taken.stem, taken.number, taken.day and taken.day.isoformat()) == (stem, number, day)


def make_set(folder, files):
    """Files by name: (first line's stamp, modified)."""
    for name, (stamp, modified) in files.items():
        content = f"{stamp} 00:00:00 host x: {name}\n".encode() if stamp else b""
        packer = PACKERS.get(name.rpartition(".")[2], bytes)
        log_in(
            folder, name, packer(content) if packer is not gzip.compress else gzip.compress(content, mtime=0), modified
        )
    return names(find([str(folder)], time_of=time_of))


COPIED = micro(2027, 12, 24)


def test_set_is_ordered_by_the_time_inside_not_by_name_or_age(tmp_path):
    assert make_set(tmp_path, {
        "mail.log": ("2026-11-03", COPIED), "mail.log.1": ("2026-11-01", COPIED),
        "mail.log.2.gz": ("2026-11-02", COPIED), "mail.log.10.bz2": ("2026-10-01", COPIED),
    }) == ["mail.log.10.bz2", "mail.log.1", "mail.log.2.gz", "mail.log"]  # fmt: skip


@pytest.mark.parametrize("copied", [None, COPIED, micro(2027, 1, 4)])
def test_december_without_a_year_stands_before_january(tmp_path, copied):
    assert make_set(tmp_path, {
        "mail.log": ("Jan  3", copied or micro(2027, 1, 5)), "mail.log.1": ("Dec 27", copied or micro(2027, 1, 3)),
        "mail.log.2.gz": ("Dec 20", copied or micro(2026, 12, 27)),
    }) == ["mail.log.2.gz", "mail.log.1", "mail.log"]  # fmt: skip


def test_a_set_of_two_years_without_years_follows_the_files_own_times(tmp_path):
    assert make_set(tmp_path, {
        "mail.log": ("Nov  1", micro(2026, 11, 20)), "mail.log.1": ("Mar  1", micro(2026, 10, 31)),
        "mail.log.2": ("Nov 10", micro(2026, 2, 28)), "mail.log.3": ("Jan 10", micro(2025, 11, 9)),
    }) == ["mail.log.3", "mail.log.2", "mail.log.1", "mail.log"]  # fmt: skip


def test_a_copied_set_of_a_whole_year_follows_its_names(tmp_path):
    months = ["Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct"]
    files = {f"mainlog.{12 - place:02d}": (f"{month}  1", COPIED) for place, month in enumerate(months)}
    assert make_set(tmp_path, files) == [f"mainlog.{number:02d}" for number in range(12, 0, -1)]


def test_names_that_mislead_are_overruled_by_the_widest_gap_of_the_year(tmp_path):
    assert make_set(tmp_path, {
        "mail.log": ("Dec 28", COPIED), "mail.log.1": ("Jan  4", COPIED), "mail.log.2": ("Dec 21", COPIED),
        "mail.log.3": ("Jan 11", COPIED),
    }) == ["mail.log.2", "mail.log", "mail.log.1", "mail.log.3"]  # fmt: skip


def test_the_date_in_a_name_tells_the_year_after_a_copy(tmp_path):
    assert make_set(tmp_path, {
        "maillog": ("Nov 22", micro(2026, 11, 25)), "maillog-20261101": ("Oct 25", COPIED),
        "maillog-20251207.xz": ("Nov 30", COPIED), "maillog-20250601.xz": ("May 25", COPIED),
    }) == ["maillog-20250601.xz", "maillog-20251207.xz", "maillog-20261101", "maillog"]  # fmt: skip


def test_29_february_needs_no_leap_year(tmp_path):
    assert make_set(tmp_path, {
        "mail.log": ("Mar  2", micro(2026, 3, 9)), "mail.log.1": ("Feb 29", micro(2026, 3, 2)),
        "mail.log.2": ("Feb 22", micro(2026, 3, 1)),
    }) == ["mail.log.2", "mail.log.1", "mail.log"]  # fmt: skip


def test_files_without_a_time_keep_the_place_that_their_name_gives(tmp_path):
    assert make_set(tmp_path, {
        "mail.log": ("", COPIED), "mail.log.1": ("2026-11-01", COPIED), "mail.log.2": ("", COPIED),
        "mail.log.3": ("2026-10-01", COPIED),
    }) == ["mail.log.3", "mail.log.2", "mail.log.1", "mail.log"]  # fmt: skip
    assert make_set(tmp_path / "none", {
        "maillog": ("", COPIED), "maillog-20261108": ("", COPIED), "maillog-20261101": ("", COPIED),
    }) == ["maillog-20261101", "maillog-20261108", "maillog"]  # fmt: skip


def test_sets_keep_the_order_of_the_command_line(tmp_path):
    for name, day in (("b.log", 3), ("b.log.1", 2), ("a.log", 1), ("other/b.log", 1)):
        log_in(tmp_path, name, f"2026-11-0{day} x {name}\n".encode())
    given_order = [str(tmp_path / name) for name in ("b.log", "other/b.log", "a.log", "b.log.1")]
    found = find(given_order, time_of=time_of)
    assert [str(source.path.relative_to(tmp_path)) for source in found.sources] == [
        "b.log.1",
        "b.log",
        "other/b.log",
        "a.log",
    ]


def test_without_a_log_at_the_usual_places_the_journal_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "journalctl"
    program.write_text('#!/bin/sh\necho "asked: $*"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find([], time_of=lambda _: None, usual=[str(tmp_path / "none*")])
    assert "journal" in found.notes[0]
    (source,) = found.sources
    (block,) = blocks(source, report=lambda damage: pytest.fail(damage.message))
    assert block.data == b"asked: --quiet --no-pager --all --output=short-iso-precise SYSLOG_FACILITY=2\n"


def test_the_journal_is_closed_when_its_reader_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "journalctl"
    program.write_text("#!/bin/sh\nwhile echo line; do :; done\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (source,) = find([], time_of=lambda _: None, usual=[]).sources
    reading = blocks(source, report=lambda damage: pytest.fail(damage.message))
    assert next(iter(reading)).data.startswith(b"line\n")
    reading.close()
