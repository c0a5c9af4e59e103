# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled engine: the grammars' tables run over blocks of lines without the GIL, columns written as Arrow has them.

``Scanner.scan(block)`` gives a ``Batch``: rows of the lines that it took, and the lines that are for the reference engine
(``declined``), whose rows are added with ``Batch.append``. ``Batches`` is an Arrow stream. Means in every point what
``analyzer.framing``, ``analyzer.matcher.python`` and ``analyzer.events.lines`` say; where it does not know, it declines.
"""

from os import urandom

cimport cython

#: What analyzer/matcher/program.py must agree with, or this is not used.
FORMAT = 1
OPS = ("END", "LIT", "RUN", "MAILBOX", "QUOTED", "CUTQUOTED", "REST", "CODED", "OPT", "SET", "LIST", "TAIL", "SCAN")
SAVES = (
    "text", "int", "ip", "seconds", "delays4", "exim_time", "sendmail_time", "paren", "inreply", "quoted", "cutquoted", "accepted",
)
SCANS = (
    "exim_sender", "exim_recipient", "exim_word", "exim_command", "exim_host", "exim_pair", "exim_place", "exim_stage",
    "plain_words", "sendmail_mailboxes", "sendmail_address", "sendmail_sender", "sendmail_reply", "sendmail_relay",
)
COLUMNS = (
    "file", "line", "time", "mta", "host", "instance", "process", "pid", "queue_id", "message_id", "event", "speaker",
    "stage", "reply_code", "enhanced_code", "dsn", "reply_class", "reply_origin", "text", "sender", "recipient",
    "orig_recipient", "relay_host", "relay_ip", "relay_port", "client_host", "client_ip", "helo", "transport", "router",
    "protocol", "tls_version", "tls_cipher", "auth_mechanism", "auth_user", "local_user", "size", "nrcpt", "delay_ms",
    "delay_before_ms", "delay_queue_ms", "delay_connect_ms", "delay_transmit_ms", "rule", "next_queue_id",
    "file_no", "shape", "sender_domain", "recipient_domain", "raw", "raw_at", "weight", "lasted",
)
cdef dict SLOT_OF = {name: number for number, name in enumerate(COLUMNS)}

include "_bytes.pxi"
include "_fields.pxi"
include "_scanners.pxi"
include "_templates.pxi"
include "_columns.pxi"
include "_frames.pxi"
include "_normalise.pxi"
include "_rows.pxi"
include "_batch.pxi"
include "_hosts.pxi"
include "_blocks.pxi"
include "_arrow.pxi"
include "_values.pxi"
include "_groups.pxi"
include "_parts.pxi"

cdef dict KIND_OF = {
    "text": KIND_TEXT, "category": KIND_CATEGORY, "int8": KIND_INT8, "int16": KIND_INT16, "int32": KIND_INT32,
    "int64": KIND_INT64, "time": KIND_TIME,
}
cdef list _kept_alive = []  # what the C structures of this module point into


def set_up(columns, closed, metadata):
    """Tell the columns (name, type), the words of the closed ones, and the schema's metadata; once, before any scan."""
    global METADATA, hash_seed
    cdef int slot
    cdef bint fresh
    cdef bytes text
    cdef int32_t n
    if _kept_alive:
        return
    hash_seed = int.from_bytes(urandom(8), "little") | 1
    if tuple(name for name, _ in columns) != COLUMNS:
        raise ValueError("the compiled engine was built for other columns: build it again")
    for name, kind in columns:
        slot = SLOT_OF[name]
        KINDS_OF[slot] = KIND_OF[kind]
        text = name.encode()
        _kept_alive.append(text)
        NAMES_OF[slot] = text
        CLOSED_WORDS[slot].last = -1
        for word in closed.get(name, ()):
            text = word.encode()
            code_of(&CLOSED_WORDS[slot], text, len(text), &fresh)
    KINDS_OF[C_SHAPE] = KIND_CATEGORY  # a text each of which stands for many rows
    text = len(metadata).to_bytes(4, "little")
    for key, value in metadata.items():
        for part in (key.encode(), value.encode()):
            text += len(part).to_bytes(4, "little") + part
    _kept_alive.append(text)
    METADATA = text
