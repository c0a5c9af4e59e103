# Replies that are logged for a host and again for each recipient: what `analyzer.events.hosts.HostLines` does, for the rows of
# the compiled engine. Both keep what waits in the same dictionary, so that rows of both may quote each other.

@cython.final
cdef class KeptRow:
    """A reply logged for a host, in a batch of rows that wait; to the reference engine it looks like one of its own rows."""

    cdef Batch batch
    cdef int64_t row
    cdef bint repeated

    def get(self, str column):
        return self.batch.value(SLOT_OF[column], self.row)

    def __setitem__(self, str column, value):
        if column != "reply_origin":
            raise KeyError(column)
        self.repeated = value == "repeated"

    def give_to(self, Batch batch, int64_t behind):
        """Add the row to a batch, behind so many rows of it."""
        batch.bring(self.batch, self.row, behind, "repeated" if self.repeated else "wire")

    def move_to(self, Batch batch):
        """Wait in another batch."""
        self.row = batch.keep(self.batch, self.row, 0)
        self.batch = batch


def settle_hosts(Batch batch, int64_t first, int64_t last, hosts, int attempt_failed, Batch kept, int64_t lines_before):
    """Keep the rows logged for hosts, and see which of them later rows quote; `hosts` is a `HostLines`."""
    cdef Block* b = batch.block
    cdef Column* c = &b.columns[C_QUEUE_ID]
    cdef Column* code = &b.columns[C_REPLY_CODE]
    cdef int32_t* events = <int32_t*>b.columns[C_EVENT].values
    cdef Span text
    cdef Dictionary known  # of the messages that have a row waiting, and some that had one
    cdef int64_t row
    cdef bint fresh, is_host
    cdef dict held = hosts.held
    cdef set answered = hosts.answered
    cdef int most = hosts.most
    cdef bytes queue_id
    cdef KeptRow one
    memset(&known, 0, sizeof(Dictionary))
    known.last = -1
    try:
        for row in range(first, last):
            if not b.clocks[row] & ROW_HOST_LINES or is_null(c, row):
                continue
            is_host = events[row] == attempt_failed and not is_null(code, row)
            if not is_host and not held:
                continue
            if known.capacity == 0:
                for waiting in held:
                    code_of(&known, <cp><const char*><bytes>waiting, len(waiting), &fresh)
            text_in(c, row, &text)
            if not is_host and known_code(&known, text.s, text.e - text.s) < 0:
                continue
            queue_id = text.s[: text.e - text.s]
            if is_host:
                code_of(&known, text.s, text.e - text.s, &fresh)
                if queue_id in answered:  # the next attempt begins
                    give_back(batch, row, held, answered, queue_id)
                elif len(held) >= most and queue_id not in held:
                    give_back(batch, row, held, answered, next(iter(held)))
                one = KeptRow.__new__(KeptRow)
                one.batch = kept
                one.row = kept.keep(batch, row, lines_before)
                held.setdefault(queue_id, []).append(one)
            elif queue_id in held:
                if is_null(&b.columns[C_RECIPIENT], row):
                    give_back(batch, row, held, answered, queue_id)
                else:
                    answered.add(queue_id)
                    see_quoted(batch, row, held[queue_id])
            c = &b.columns[C_QUEUE_ID]  # rows that were added may have moved it
            code = &b.columns[C_REPLY_CODE]
            events = <int32_t*>b.columns[C_EVENT].values
    finally:
        free_dictionary(&known)


cdef give_back(Batch batch, int64_t behind, dict held, set answered, bytes queue_id):
    """Add what waits of a message to a batch."""
    answered.discard(queue_id)
    for row in held.pop(queue_id, ()):
        if type(row) is KeptRow:
            (<KeptRow>row).give_to(batch, behind)
        else:
            batch.append(row, behind)


cdef see_quoted(Batch batch, int64_t row, list hosts):
    """Mark the hosts' replies that a recipient's row quotes."""
    cdef KeptRow one
    cdef int slot
    for host in hosts:
        if type(host) is KeptRow:
            one = host
            if quotes(batch.block, row, one.batch.block, one.row):
                one.repeated = True
        elif all([batch.value(slot, row) == host.get(COLUMNS[slot]) for slot in (C_REPLY_CODE, C_ENHANCED_CODE, C_TEXT, C_RELAY_IP)]):
            host["reply_origin"] = "repeated"


cdef bint quotes(Block* b, int64_t row, Block* other, int64_t host) noexcept nogil:
    """Whether a recipient's row has the reply of a host's row, from the same address."""
    return (
        same_value(b, row, other, host, C_REPLY_CODE) and same_value(b, row, other, host, C_RELAY_IP)
        and same_value(b, row, other, host, C_ENHANCED_CODE) and same_value(b, row, other, host, C_TEXT)
    )


cdef bint same_value(Block* a, int64_t i, Block* b, int64_t j, int slot) noexcept nogil:
    """Whether two rows have the same in a column of numbers or texts."""
    cdef Span one, two
    if is_null(&a.columns[slot], i) or is_null(&b.columns[slot], j):
        return is_null(&a.columns[slot], i) and is_null(&b.columns[slot], j)
    if KINDS_OF[slot] == KIND_INT16:
        return (<int16_t*>a.columns[slot].values)[i] == (<int16_t*>b.columns[slot].values)[j]
    text_in(&a.columns[slot], i, &one)
    text_in(&b.columns[slot], j, &two)
    return one.e - one.s == two.e - two.s and equal_bytes(one.s, two.s, one.e - one.s)
