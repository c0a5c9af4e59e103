# From a line's fields to its rows: what follows from them, the domains, the raw line and the shape of a failure.

cdef enum:
    LINE_EVENTS = 0
    LINE_NO_EVENT, LINE_OTHER, LINE_UNRECOGNISED, LINE_DECLINED

cdef enum:
    TRAIT_CONTINUED = 1
    TRAIT_SPLIT = 2
    TRAIT_ECHOED = 4
    TRAIT_SECOND_FILES = 8
    TRAIT_UNDOUBLE = 16
    TRAIT_NUMBERED = 32
    TRAIT_HOST_LINES = 64
    TRAIT_CLOSING = 128

cdef enum:  # beside a row's clock
    CLOCK_BITS = 3
    ROW_HOST_LINES = 16  # of an MTA that logs a reply for the host and again for each recipient
    ROW_GONE = 32

cdef enum:
    RAW_BYTES = 600
    SHAPE_BYTES = 1000
    MOST_NAMES_KNOWN = 10000

cdef struct Tag:
    int group  # -1: no MTA's program
    bint daemon  # a syslog daemon: what it says may be about other lines
    bint agents  # an MTA whose programs are delivery agents
    Span mta
    Span instance
    Span process
    int64_t block  # in which the codes below are those of the dictionaries
    int32_t mta_code, instance_code, process_code
    int64_t counts[3]  # of the block's lines: events, no_event, other_programs

cdef struct Left:
    int64_t line, rows  # line in the block, rows in front of it
    int64_t start, end
    int tag  # of the framed line before, -1 if none in this block
    int kind
    int own_tag

cdef enum:
    ALIKE_SLOTS = 256

cdef struct Alike:
    # a row that stands for all lines of its kind in one minute
    int64_t minute
    int64_t kind
    int64_t row

cdef struct Work:
    Alike alike[ALIKE_SLOTS]
    bint combining
    uint64_t plain  # events that nothing is told of but that they happened
    int32_t info, screened
    Machine machine
    Stamps stamps
    Dictionary tags
    Tag* tag
    int64_t tag_room
    Dictionary hosts
    uint8_t* host_is_none
    int64_t host_room
    Left* left
    int64_t left_count, left_room
    uint64_t failures, shaped, deliveries  # events
    int64_t delivered, speaker_remote, stage_eod, origin_wire
    int64_t* silent  # lines without an event, by template
    int template
    int last_host  # number of the host whose code in a block is known
    int32_t last_host_code
    int64_t last_host_block
    uint64_t wanted
    bint seen  # lines of the main log are remembered
    int64_t block  # number of the block
    int current  # tag of the last framed line
    cp data  # the block's lines
    int64_t first_bare  # line of the first entry of a program's own file; 0: none


cdef bint leave(Work* w, int kind, int64_t line, int64_t rows, int64_t start, int64_t end, int own_tag) noexcept nogil:
    cdef Left* larger
    cdef Left* one
    if w.left_count == w.left_room:
        larger = <Left*>realloc(w.left, (2 * w.left_room + 256) * sizeof(Left))
        if larger == NULL:
            return False
        w.left = larger
        w.left_room = 2 * w.left_room + 256
    one = &w.left[w.left_count]
    w.left_count += 1
    one.kind, one.line, one.rows, one.start, one.end, one.tag, one.own_tag = kind, line, rows, start, end, w.current, own_tag
    return True


cdef bint is_like_another(Work* w, Block* b, Frame* frame, int own_tag, int host) noexcept nogil:
    """Whether a line is one more of a kind of which there is a row in the same minute; its row then stands for both.

    Only for the tallies: of these events they ask how many, by whom and when. Most lines are such.
    """
    cdef Fields* f = &w.machine.line
    cdef int64_t event = f.v[C_EVENT], kind, minute = frame.time // (60 * SECOND), times
    cdef uint64_t told = bit(C_REPLY_CODE) | bit(C_ENHANCED_CODE) | bit(C_DSN) | bit(C_SIZE) | bit(C_RECIPIENT) | bit(C_TRANSPORT)
    cdef Alike* one
    cdef int64_t* times_of
    if event == w.info:
        told |= bit(C_CLIENT_IP) | bit(C_CLIENT_HOST) | bit(C_AUTH_USER)
    if not (w.plain >> event) & 1 or f.mask & ~f.nulls & told:
        return False
    kind = (<int64_t>own_tag << 8) | (<int64_t>(host + 1) << 34) | (event << 2) | frame.clock
    if has(f, C_SPEAKER):
        kind ^= (f.v[C_SPEAKER] + 1) << 56
    if has(f, C_STAGE):
        kind ^= (f.v[C_STAGE] + 1) << 58
    one = &w.alike[(<uint64_t>mixed(<uint64_t>kind, <uint64_t>minute)) % ALIKE_SLOTS]
    if one.row >= 0 and one.kind == kind and one.minute == minute:
        times_of = <int64_t*>b.columns[C_TIME].values
        if frame.time >= times_of[one.row]:
            if (b.columns[C_WEIGHT].values == NULL or b.columns[C_LASTED].values == NULL) and not (
                open_column(b, &b.columns[C_WEIGHT]) and open_column(b, &b.columns[C_LASTED])
            ):
                return False
            add_line(b, one.row, frame.time - times_of[one.row])
            return True
    one.kind, one.minute, one.row = kind, minute, b.rows
    return False


cdef void add_line(Block* b, int64_t row, int64_t lasted) noexcept nogil:
    cdef Column* c = &b.columns[C_WEIGHT]
    cdef int32_t* weights = <int32_t*>c.values
    if (c.valid[row >> 3] >> (row & 7)) & 1:
        weights[row] += 1
    else:
        set_number(b, C_WEIGHT, row, 2)
        set_number(b, C_LASTED, row, 0)
    if lasted > (<int64_t*>b.columns[C_LASTED].values)[row]:
        (<int64_t*>b.columns[C_LASTED].values)[row] = lasted


# ---- what follows from the fields
cdef void put_domain(Block* b, int slot, int64_t row, cp s, cp e, bint high) noexcept nogil:
    """The domain of an address, in lower case and without final dots."""
    cdef cp at = rfind_text(s, e, b"@", 1)
    cdef uint8_t small[256]
    cdef uint8_t* made = small
    cdef int64_t n, i
    if at == NULL or e - at < 2:
        return
    s = at + 1
    while e > s and last_of(e) == 46:
        e -= 1
    n = e - s
    if n > 256:
        made = <uint8_t*>malloc(n)
        if made == NULL:
            b.failed = True
            return
    for i in range(n):
        made[i] = lower(s[i])
    set_category(b, slot, row, made, made + n, high)
    if made != small:
        free(made)


cdef void put_raw(Block* b, int64_t row, cp s, cp e, bint high) noexcept nogil:
    """The line for people."""
    cdef Column* c = value_at(b, C_RAW, row)
    cdef uint8_t* to
    if c == NULL:
        return
    to = text_room(b, c, row, 6 * min(e - s, <int64_t>RAW_BYTES) + 64)
    if to != NULL:
        c.used += write_raw(to, s, e, high)


cdef int64_t write_raw(uint8_t* to, cp s, cp e, bint high) noexcept nogil:
    """The line for people: at most 600 bytes, control characters escaped; length of what was written."""
    cdef cp p = s
    cdef int64_t n = e - s, digits
    if n <= RAW_BYTES:
        while not high and p < e:
            high = is_control(p[0])
            p += 1
        if high:
            return write_printable(to, s, e)
        copy_bytes(to, s, n)
        return n
    digits = write_printable(to, s, s + RAW_BYTES // 2)
    memcpy(to + digits, b" ... (", 6)
    digits += 6
    digits += write_number(to + digits, n)
    memcpy(to + digits, b" bytes) ... ", 12)
    digits += 12
    return digits + write_printable(to + digits, e - RAW_BYTES // 2, e)


cdef int write_number(uint8_t* to, int64_t number) noexcept nogil:
    cdef uint8_t digits[20]
    cdef int n = 0, i
    while True:
        digits[n] = 48 + <int>(number % 10)
        n += 1
        number //= 10
        if number == 0:
            break
    for i in range(n):
        to[i] = digits[n - 1 - i]
    return n


cdef void put_shape(Block* b, int64_t row, cp s, cp e, bint high, bint is_test) noexcept nogil:
    """The normalised text of a failure; of a screening test its name, the words in capitals at the start."""
    cdef uint8_t made[NORMALISED_ROOM * 4 * SHAPE_BYTES + 64]
    cdef uint8_t valid[4 * SHAPE_BYTES]
    cdef cp q = s
    if is_test:
        while q < e and (65 <= q[0] <= 90 or (q > s and (q[0] == 32 or q[0] == 45))):
            q += 1
        if q - s >= 2:
            while q > s and last_of(q) == 32:
                q -= 1
            set_category(b, C_SHAPE, row, s, q, False)
            return
    if e - s > SHAPE_BYTES:
        e = s + SHAPE_BYTES
    if high and has_high(s, e):
        e = valid + write_utf8(valid, s, e)
        s = valid
    set_category(b, C_SHAPE, row, made, made + normalise_bytes(s, e, made), False)


cdef bint row_of(
    Work* w, Block* b, Frame* frame, Tag* tag, int host, int64_t line, cp raw, cp raw_end, bint high
) noexcept nogil:
    """The rows of a line that says something, with the columns that follow from others; False if it must be declined."""
    cdef Fields* f = &w.machine.line
    cdef int64_t event = f.v[C_EVENT], row = b.rows
    cdef int64_t reply_class = 0
    cdef bint enhanced, failed
    cdef int traits = w.machine.groups[3 * tag.group + 2]
    cdef int i, count, slot
    cdef uint64_t left
    cdef cp s
    cdef cp e
    enhanced = has(f, C_ENHANCED_CODE) and f.s[C_ENHANCED_CODE] < f.e[C_ENHANCED_CODE]
    if has(f, C_REPLY_CODE):
        reply_class = f.v[C_REPLY_CODE] // 100
    elif enhanced or (has(f, C_DSN) and f.s[C_DSN] < f.e[C_DSN]):
        s = f.s[C_ENHANCED_CODE] if enhanced else f.s[C_DSN]
        reply_class = s[0] - 48 if is_digit(s[0]) else -1
    if frame.pid > 2147483647 or (has(f, C_RELAY_PORT) and f.v[C_RELAY_PORT] > 2147483647):
        return False
    if has(f, C_NRCPT) and f.v[C_NRCPT] > 2147483647:
        return False
    if traits & TRAIT_HOST_LINES and f.items >= 0:
        return False
    if traits & TRAIT_CLOSING and has(f, C_REPLY_CODE) and f.v[C_REPLY_CODE] == 421:
        return False
    if has(f, C_SPEAKER) and not has(f, C_REPLY_ORIGIN) and (has(f, C_REPLY_CODE) or enhanced):
        forget(f, C_REPLY_ORIGIN)
        put_number(f, C_REPLY_ORIGIN, w.origin_wire)
    if event == w.delivered and has(f, C_SPEAKER) and f.v[C_SPEAKER] == w.speaker_remote:
        put_number(f, C_STAGE, w.stage_eod)
    if tag.agents and (w.deliveries >> event) & 1 and has(f, C_RECIPIENT):
        put(f, C_TRANSPORT, tag.process.s, tag.process.e)
    if has(f, C_RELAY_HOST) and f.s[C_RELAY_HOST] < f.e[C_RELAY_HOST] and last_of(f.e[C_RELAY_HOST]) == 46:
        f.e[C_RELAY_HOST] -= 1
    if reply_class >= 0 and (reply_class or has(f, C_REPLY_CODE) or enhanced or (has(f, C_DSN) and f.s[C_DSN] < f.e[C_DSN])):
        put_number(f, C_REPLY_CLASS, reply_class)
    count = f.items if has(f, C_RECIPIENT) and f.items >= 0 else 1
    for i in range(count):
        if row >= b.capacity and not more_rows(b):
            return True
        if has(f, C_RECIPIENT) and f.items >= 0:
            f.s[C_RECIPIENT] = w.machine.items[i].s
            f.e[C_RECIPIENT] = w.machine.items[i].e
        left = f.mask & ~f.nulls & w.wanted & ~bit(C_EVENT)
        while left:
            slot = lowest_bit(left)
            left &= left - 1
            if (w.machine.number_slots | w.machine.code_slots) & bit(slot):
                set_number(b, slot, row, f.v[slot])
            elif slot == C_TRANSPORT or slot == C_ROUTER:
                set_category(b, slot, row, f.s[slot], f.e[slot], high)
            else:
                set_text(b, slot, row, f.s[slot], f.e[slot], high)
        set_always(b, C_LINE, row, line)
        set_always(b, C_TIME, row, frame.time)
        set_always(b, C_EVENT, row, event)
        b.clocks[row] = frame.clock | (ROW_HOST_LINES if traits & TRAIT_HOST_LINES else 0)
        if tag.block != w.block:
            tag.block = w.block
            tag.mta_code = category_code(b, C_MTA, &tag.mta)
            tag.instance_code = category_code(b, C_INSTANCE, &tag.instance)
            tag.process_code = category_code(b, C_PROCESS, &tag.process)
        set_always(b, C_MTA, row, tag.mta_code)
        set_always(b, C_INSTANCE, row, tag.instance_code)
        set_always(b, C_PROCESS, row, tag.process_code)
        if frame.host.s != NULL:
            if host != w.last_host or w.last_host_block != w.block:
                set_category(b, C_HOST, row, frame.host.s, frame.host.e, high)
                w.last_host, w.last_host_block = host, w.block
                w.last_host_code = (<int32_t*>b.columns[C_HOST].values)[row] if not b.failed else 0
            else:
                set_code(b, C_HOST, row, w.last_host_code)
        if frame.pid >= 0:
            set_number(b, C_PID, row, frame.pid)
        failed = (w.failures >> event) & 1 or reply_class >= 4
        if failed and w.wanted & bit(C_RAW):
            put_raw(b, row, raw, raw_end, high)
        if failed and w.wanted & bit(C_RAW_AT):
            set_number(b, C_RAW_AT, row, raw - w.data)
        if (failed or (w.shaped >> event) & 1) and w.wanted & bit(C_SHAPE):
            if has(f, C_TEXT):
                put_shape(b, row, f.s[C_TEXT], f.e[C_TEXT], high, event == w.screened)
            else:
                put_shape(b, row, raw, raw, False, False)
        if w.wanted & bit(C_SENDER_DOMAIN) and has(f, C_SENDER):
            put_domain(b, C_SENDER_DOMAIN, row, f.s[C_SENDER], f.e[C_SENDER], high)
        if w.wanted & bit(C_RECIPIENT_DOMAIN) and has(f, C_RECIPIENT):
            put_domain(b, C_RECIPIENT_DOMAIN, row, f.s[C_RECIPIENT], f.e[C_RECIPIENT], high)
        row += 1
    b.rows = row
    return True


cdef bint is_numbered(cp p, cp e) noexcept nogil:
    """`ID[1]: `, NOQUEUE or nothing in the ID's place: a part of a long entry."""
    cdef cp q = p
    while q < e and is_alnum(q[0]):
        q += 1
    return e - q >= 5 and q[0] == 91 and is_digit(q[1])


cdef bint undouble(Machine* m, Frame* f) noexcept nogil:
    """sendmail doubles every backslash when it logs; a message that has such pairs is made again without them."""
    cdef cp p = find_text(f.s, f.e, b"\\\\", 2)
    cdef uint8_t* made
    cdef int64_t n = 0
    if p == NULL:
        return True
    made = space(m, f.e - f.s)
    if made == NULL:
        return False
    p = f.s
    while p < f.e:
        made[n] = p[0]
        n += 1
        p += 2 if f.e - p >= 2 and p[0] == 92 and p[1] == 92 else 1
    f.s, f.e = made, made + n
    return True
