# Values: what the tallies group by and measure, of one row of a finished block. The same as analyzer/tallies/views/e.sql
# says in SQL, for rows that never become a table.

cdef enum:
    MOST_VALUES = 64
    STRETCH = 128  # rows that are looked at together
    V_ONE = 0
    V_TIME, V_BAR, V_REF, V_MTA, V_HOST, V_PROCESS, V_EVENT, V_SPEAKER, V_STAGE, V_TRANSPORT, V_REPLY_CODE, V_ENHANCED_CODE
    V_DSN, V_REPLY_CLASS, V_REPLY_ORIGIN, V_SIZE, V_DELAY, V_RELAY_HOST, V_RULE, V_SHAPE
    V_RECIPIENT_DOMAIN, V_RECIPIENT_TEXT, V_SENDER_TEXT, V_RECIPIENT_DOMAIN_TEXT, V_SENDER_DOMAIN_TEXT, V_CLIENT_IP_TEXT
    V_CLIENT_HOST_TEXT, V_CLIENT_HOST_KEY, V_MESSAGE_KEY
    V_RECIPIENT_KEY, V_SENDER_KEY, V_DOMAIN_KEY, V_SENDER_DOMAIN_KEY, V_CLIENT_KEY, V_FAILURE_KEY, V_FAILURE_SPEAKER
    V_FAILURE_SHAPE, V_CLIENT_EVENT, V_TRUSTED, V_TOLD, V_TROUBLE, V_FAILING, V_OF_CLIENT, V_HAS_DELAY, V_OF_DELIVERY
    V_OF_MESSAGE, V_NAMED_RECIPIENT, V_NAMED_SENDER, V_ACCEPTED, V_LOGIN, V_GIVEN_UP, V_QUEUED_TIME, V_QUEUED_SIZE
    V_QUEUED_SENDER_KEY, V_OUTCOME, V_EXAMPLE, V_LAST, V_SAMPLE

#: Their names, in this order.
VALUES = (
    "one", "time_us", "bar", "ref", "mta", "host", "process", "event", "speaker", "stage", "transport", "reply_code",
    "enhanced_code", "dsn", "reply_class", "reply_origin", "size", "delay_ms", "relay_host", "rule", "shape", "recipient_domain", "recipient_text", "sender_text", "recipient_domain_text", "sender_domain_text",
    "client_ip_text", "client_host_text", "client_host_key",
    "message_key", "recipient_key", "sender_key", "domain_key", "sender_domain_key", "client_key", "failure_key",
    "failure_speaker", "failure_shape", "client_event", "trusted", "told", "trouble", "failing", "of_client", "has_delay",
    "of_delivery", "of_message", "named_recipient", "named_sender", "accepted", "login", "given_up", "queued_us",
    "queued_size", "queued_sender_key", "outcome", "example", "last_us", "sample",
)

#: The columns that they are made of.
GROUPED = (
    "line", "time", "mta", "host", "instance", "process", "queue_id", "event", "speaker", "stage", "reply_code",
    "enhanced_code", "dsn", "reply_class", "reply_origin", "sender", "recipient", "relay_host", "client_host", "client_ip",
    "transport", "auth_user", "local_user", "size", "delay_ms", "rule", "shape", "raw_at", "weight", "lasted",
)

cdef enum:  # what a value is
    VALUE_NUMBER = 0
    VALUE_KEY  # 64-bit hash of a text, never 0
    VALUE_CODE  # a text, by its number in a dictionary
    VALUE_TEXT  # a text, to be kept as it is
    VALUE_OUTCOME  # 128 bits
    VALUE_EXAMPLE  # place, time and text of a line

cdef int* VALUE_KINDS = [
    0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 0,
    2, 2, 0, 2, 0, 0, 2, 2, 2, 2, 3, 3,
    3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1,
    2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 1, 4, 5, 0, 0,
]

cdef struct BlockCodes:
    # what follows from the entries of a block's dictionary
    int32_t* codes  # of the same text for all blocks
    uint64_t* keys
    uint8_t* flags
    int64_t room

cdef struct Values:
    Block* block
    const uint8_t* data  # the lines of the block
    int64_t data_size
    int64_t start  # first row of the stretch
    int64_t row
    int at  # the row's place in the stretch
    int64_t file_no, bar_seconds
    uint64_t simple  # values that are read a stretch at a time
    uint64_t known[STRETCH]  # of each row: values that were asked for
    uint64_t nulls[STRETCH]  # of these, the ones that are null
    int64_t v[MOST_VALUES][STRETCH]
    int64_t high[STRETCH]  # upper half of the outcome
    Span span[6]  # texts, from V_RECIPIENT_TEXT on, as `find_value` found them last
    Dictionary codes[MOST_VALUES]
    BlockCodes of[SLOTS]
    bint failed  # no memory
    # words of the closed columns
    uint64_t accepted, delivery, named, trouble, failing_alone, failing_with_code, client, not_client_event
    int32_t delivered, expired, info, connected, wire, local, postscreen_known
    int8_t outcomes[64]


cdef uint64_t events_of(words) except? 0:
    """The set of these events, as a mask of their numbers."""
    cdef uint64_t found = 0
    for word in words:
        found |= <uint64_t>1 << word_code(C_EVENT, word)
    return found


cdef int32_t word_code(int slot, str word) except -1:
    cdef bytes text = word.encode()
    cdef int32_t code = known_code(&CLOSED_WORDS[slot], text, len(text))
    if code < 0:
        raise ValueError(f"{word} is no word of {COLUMNS[slot]}")
    return code


cdef prepare_values(Values* x):
    """Learn the numbers of the closed words; once for each set of tallies."""
    cdef int i
    x.accepted = events_of(("queued", "quarantined"))
    x.named = events_of(("delivered", "deferred", "bounced", "expired", "discarded", "held"))
    x.delivery = x.named | events_of(("redirected",))
    x.failing_alone = events_of(("rejected", "deferred", "bounced", "expired", "auth_failed"))
    x.failing_with_code = x.failing_alone | events_of(("attempt_failed", "protocol_error"))
    x.trouble = events_of((
        "rejected", "reject_warning", "held", "discarded", "redirected", "filtered", "quarantined", "screened", "deferred",
        "bounced", "expired", "auth_failed", "error", "warning",
    ))
    x.client = x.accepted | events_of(("connected", "rejected", "auth_failed", "protocol_error"))
    x.not_client_event = x.accepted | events_of(("info",))
    x.delivered, x.expired = word_code(C_EVENT, "delivered"), word_code(C_EVENT, "expired")
    x.info, x.connected = word_code(C_EVENT, "info"), word_code(C_EVENT, "connected")
    x.wire, x.local = word_code(C_REPLY_ORIGIN, "wire"), word_code(C_SPEAKER, "local")
    for i in range(64):
        x.outcomes[i] = 7
    for i, word in enumerate(("delivered", "deferred", "bounced", "expired", "discarded", "held"), 1):
        x.outcomes[word_code(C_EVENT, word)] = i
    for i in range(MOST_VALUES):
        x.codes[i].last = -1


cdef uint64_t events_where(Values* x, int where) noexcept:
    """The events for which a value may be true."""
    if where == V_TROUBLE:
        return x.trouble
    if where == V_FAILING:
        return x.failing_with_code
    if where == V_OF_CLIENT:
        return x.client | x.not_client_event
    if where == V_HAS_DELAY:
        return <uint64_t>1 << x.delivered
    if where == V_OF_DELIVERY:
        return x.delivery
    if where == V_NAMED_RECIPIENT:
        return x.named | x.failing_with_code
    if where == V_NAMED_SENDER:
        return x.accepted | x.failing_with_code
    if where == V_OF_MESSAGE:
        return x.not_client_event | <uint64_t>1 << x.expired
    return ~<uint64_t>0


cdef void free_values(Values* x):
    cdef int i
    for i in range(MOST_VALUES):
        free_dictionary(&x.codes[i])
    for i in range(SLOTS):
        free(x.of[i].codes)
        free(x.of[i].keys)
        free(x.of[i].flags)


# ---- a block's dictionaries
cdef bint see_entries(Values* x, int slot, int value) noexcept nogil:
    """Number, key and flag of each entry of a block's dictionary; `value`: whose numbers they are, -1 for none."""
    cdef Dictionary* d = &x.block.columns[slot].dictionary
    cdef BlockCodes* o = &x.of[slot]
    cdef int64_t i, room
    cdef cp s
    cdef cp e
    cdef cp slash
    cdef bint fresh
    if d.count > o.room:
        room = 2 * d.count + 64
        free(o.codes)
        free(o.keys)
        free(o.flags)
        o.codes = <int32_t*>malloc(4 * room)
        o.keys = <uint64_t*>malloc(8 * room)
        o.flags = <uint8_t*>malloc(room)
        o.room = room if o.codes != NULL and o.keys != NULL and o.flags != NULL else 0
        if o.room == 0:
            return False
    for i in range(d.count):
        s = d.data + d.offsets[i]
        e = d.data + d.offsets[i + 1]
        if value >= 0:
            o.codes[i] = code_of(&x.codes[value], s, e - s, &fresh)
            if o.codes[i] < 0:
                return False
        o.flags[i] = find_text(s, e, b"submission", 10) != NULL or find_text(s, e, b"smtps", 5) != NULL
        if slot == C_PROCESS and e - s == 10 and begins_with(s, e, b"postscreen", 10):
            o.flags[i] |= 2
        if slot == C_INSTANCE:
            slash = <cp>memchr(s, 47, e - s)
            if slash != NULL:
                e = slash
        o.keys[i] = key_of(s, e - s, slot + 1)
    return True


cdef bint see_block(Values* x, Block* b) noexcept nogil:
    """Begin with a block; False without memory."""
    x.block = b
    return (
        see_entries(x, C_MTA, V_MTA) and see_entries(x, C_HOST, V_HOST) and see_entries(x, C_PROCESS, V_PROCESS)
        and see_entries(x, C_TRANSPORT, V_TRANSPORT) and see_entries(x, C_SHAPE, V_SHAPE) and see_entries(x, C_INSTANCE, -1)
    )


# ---- reading a row
cdef inline bint is_set(Values* x, int slot) noexcept nogil:
    cdef Column* c = &x.block.columns[slot]
    return c.count > 0 and (c.valid[x.row >> 3] >> (x.row & 7)) & 1


cdef inline int32_t entry(Values* x, int slot) noexcept nogil:
    return (<int32_t*>x.block.columns[slot].values)[x.row]


cdef inline void text_of(Values* x, int slot, Span* span) noexcept nogil:
    cdef Column* c = &x.block.columns[slot]
    cdef int32_t* offsets = <int32_t*>c.values
    span.s = c.data + offsets[x.row]
    span.e = c.data + offsets[x.row + 1]


cdef inline int32_t event_of(Values* x) noexcept nogil:
    return entry(x, C_EVENT)


cdef inline bint is_event(Values* x, uint64_t among) noexcept nogil:
    return (among >> event_of(x)) & 1


cdef bint domain_of(Values* x, int slot, Span* span) noexcept nogil:
    """What stands behind the last @ of an address, without final dots; not yet in lower case."""
    cdef cp at
    if not is_set(x, slot):
        return False
    text_of(x, slot, span)
    at = rfind_text(span.s, span.e, b"@", 1)
    if at == NULL or span.e - at < 2:
        return False
    span.s = at + 1
    while span.e > span.s and last_of(span.e) == 46:
        span.e -= 1
    return True


cdef inline bint known_value(Values* x, int value) noexcept nogil:
    """Whether a value is not null; it stands in `v`, a text in `span`."""
    if not (x.known[x.at] >> value) & 1:
        x.known[x.at] |= <uint64_t>1 << value
        if find_value(x, value):
            x.nulls[x.at] &= ~(<uint64_t>1 << value)
        else:
            x.nulls[x.at] |= <uint64_t>1 << value
    return not (x.nulls[x.at] >> value) & 1


cdef inline bint is_true(Values* x, int value) noexcept nogil:
    return known_value(x, value) and x.v[value][x.at] != 0


cdef bint copy_value(Values* x, int value, int other) noexcept nogil:
    if not known_value(x, other):
        return False
    x.v[value][x.at] = x.v[other][x.at]
    return True


# ---- what stands in a column, a stretch of rows at a time
cdef enum:
    SIMPLE = 15

#: Values that are read as they stand, and their columns; those of the second kind by the block's dictionary.
cdef int* SIMPLE_VALUES = [
    V_TIME, V_SPEAKER, V_STAGE, V_REPLY_ORIGIN, V_REPLY_CODE, V_REPLY_CLASS, V_SIZE, V_DELAY, V_EVENT, V_ONE,
    V_MTA, V_HOST, V_PROCESS, V_TRANSPORT, V_SHAPE,
]
cdef int* SIMPLE_SLOTS = [
    C_TIME, C_SPEAKER, C_STAGE, C_REPLY_ORIGIN, C_REPLY_CODE, C_REPLY_CLASS, C_SIZE, C_DELAY, C_EVENT, C_EVENT,
    C_MTA, C_HOST, C_PROCESS, C_TRANSPORT, C_SHAPE,
]


cdef void see_stretch(Values* x, int64_t start, int count) noexcept nogil:
    """Begin with a stretch of the block's rows: read what stands in columns, for all of them at once."""
    cdef int i, k, value
    cdef uint64_t one, empty = 0, simple = 0
    cdef Column* c
    x.start = start
    for i in range(SIMPLE):
        one = <uint64_t>1 << SIMPLE_VALUES[i]
        simple |= one
        if x.block.columns[SIMPLE_SLOTS[i]].count == 0:
            empty |= one
    for k in range(count):
        x.known[k] = simple
        x.nulls[k] = empty
    for i in range(SIMPLE):
        value = SIMPLE_VALUES[i]
        one = <uint64_t>1 << value
        if empty & one:
            continue
        c = &x.block.columns[SIMPLE_SLOTS[i]]
        if value == V_ONE:
            count_lines(x, start, count)
            continue
        read_numbers(x.v[value], c, start, count)
        if c.count < x.block.rows:
            for k in range(count):
                if not (c.valid[(start + k) >> 3] >> ((start + k) & 7)) & 1:
                    x.nulls[k] |= one
        if c.kind == KIND_CATEGORY and c.shared == NULL:
            for k in range(count):
                if not x.nulls[k] & one:
                    x.v[value][k] = x.of[SIMPLE_SLOTS[i]].codes[x.v[value][k]]


cdef void count_lines(Values* x, int64_t start, int count) noexcept nogil:
    """How many lines each row stands for."""
    cdef int k
    cdef Column* c = &x.block.columns[C_WEIGHT]
    for k in range(count):
        x.v[V_ONE][k] = 1
    for k in range(count if c.count else 0):
        if (c.valid[(start + k) >> 3] >> ((start + k) & 7)) & 1:
            x.v[V_ONE][k] = (<int32_t*>c.values)[start + k]


cdef void read_numbers(int64_t* to, Column* c, int64_t start, int count) noexcept nogil:
    cdef int k
    if c.kind == KIND_INT64 or c.kind == KIND_TIME:
        memcpy(to, <int64_t*>c.values + start, 8 * count)
    elif c.kind == KIND_INT16:
        for k in range(count):
            to[k] = (<int16_t*>c.values)[start + k]
    elif c.kind == KIND_INT8:
        for k in range(count):
            to[k] = (<int8_t*>c.values)[start + k]
    else:
        for k in range(count):
            to[k] = (<int32_t*>c.values)[start + k]


# ---- what has to be found out, row by row
cdef bint own_code(Values* x, int value, int slot) noexcept nogil:
    """The number of a text among all that this value ever had."""
    cdef Span span
    cdef bint fresh
    if not is_set(x, slot):
        return False
    text_of(x, slot, &span)
    x.v[value][x.at] = code_of(&x.codes[value], span.s, span.e - span.s, &fresh)
    x.failed = x.failed or x.v[value][x.at] < 0
    return True


cdef bint text_at(Values* x, int value, int slot) noexcept nogil:
    """A text as it is, in `span`."""
    if not is_set(x, slot):
        return False
    text_of(x, slot, &x.span[value - V_RECIPIENT_TEXT])
    return True


cdef bint text_key(Values* x, int value, int slot) noexcept nogil:
    """The key of a text in lower case."""
    cdef Span span
    if not is_set(x, slot):
        return False
    text_of(x, slot, &span)
    x.v[value][x.at] = <int64_t>lower_key(span.s, span.e - span.s)
    return True


cdef bint domain_key(Values* x, int value, int slot) noexcept nogil:
    cdef Span span
    if not domain_of(x, slot, &span):
        return False
    x.v[value][x.at] = <int64_t>lower_key(span.s, span.e - span.s)
    return True


cdef bint domain_code(Values* x, int value, int slot) noexcept nogil:
    cdef Span span
    cdef uint8_t small[256]
    cdef int64_t i, n
    cdef uint8_t* made = small
    cdef bint fresh
    if not domain_of(x, slot, &span):
        return False
    n = span.e - span.s
    if n > 256:
        made = <uint8_t*>malloc(n)
        if made == NULL:
            x.failed = True
            return False
    for i in range(n):
        made[i] = lower(span.s[i])
    x.v[value][x.at] = code_of(&x.codes[value], made, n, &fresh)
    x.failed = x.failed or x.v[value][x.at] < 0
    if made != small:
        free(made)
    return True


cdef bint find_value(Values* x, int value) noexcept nogil:
    """Find a value of the row; False if it is null."""
    cdef Span span
    cdef int64_t time
    if value == V_BAR:
        if not known_value(x, V_TIME):
            return False
        x.v[value][x.at] = x.v[V_TIME][x.at] // (x.bar_seconds * 1000000) * x.bar_seconds
        return True
    elif value == V_REF:
        x.v[value][x.at] = (x.file_no << 36) | (<int64_t*>x.block.columns[C_LINE].values)[x.row]
        return True
    elif value == V_SAMPLE:
        x.v[value][x.at] = (<int64_t*>x.block.columns[C_LINE].values)[x.row] & 31
        return True
    elif value == V_ENHANCED_CODE:
        return own_code(x, value, C_ENHANCED_CODE)
    elif value == V_DSN:
        return own_code(x, value, C_DSN)
    elif value == V_RELAY_HOST:
        return own_code(x, value, C_RELAY_HOST)
    elif value == V_RULE:
        return own_code(x, value, C_RULE)
    elif value == V_RECIPIENT_DOMAIN:
        return domain_code(x, value, C_RECIPIENT)
    elif value == V_RECIPIENT_TEXT:
        return text_at(x, value, C_RECIPIENT)
    elif value == V_SENDER_TEXT:
        return text_at(x, value, C_SENDER)
    elif value == V_CLIENT_IP_TEXT:
        return text_at(x, value, C_CLIENT_IP)
    elif value == V_CLIENT_HOST_TEXT:
        return text_at(x, value, C_CLIENT_HOST)
    elif value == V_CLIENT_HOST_KEY:
        if not is_set(x, C_CLIENT_HOST):
            return False
        text_of(x, C_CLIENT_HOST, &span)
        x.v[value][x.at] = <int64_t>key_of(span.s, span.e - span.s, 0)
        return True
    elif value == V_RECIPIENT_DOMAIN_TEXT:
        return domain_of(x, C_RECIPIENT, &x.span[value - V_RECIPIENT_TEXT])
    elif value == V_SENDER_DOMAIN_TEXT:
        return domain_of(x, C_SENDER, &x.span[value - V_RECIPIENT_TEXT])
    elif value == V_MESSAGE_KEY:
        return message_key(x)
    elif value == V_RECIPIENT_KEY:
        return text_key(x, value, C_RECIPIENT)
    elif value == V_SENDER_KEY:
        return text_key(x, value, C_SENDER)
    elif value == V_DOMAIN_KEY:
        return domain_key(x, value, C_RECIPIENT)
    elif value == V_SENDER_DOMAIN_KEY:
        return domain_key(x, value, C_SENDER)
    elif value == V_CLIENT_KEY:
        if is_set(x, C_CLIENT_IP):
            text_of(x, C_CLIENT_IP, &span)
        elif is_set(x, C_CLIENT_HOST):
            text_of(x, C_CLIENT_HOST, &span)
        else:
            return False
        x.v[value][x.at] = <int64_t>key_of(span.s, span.e - span.s, 0)
        return True
    elif value == V_FAILURE_KEY:
        return failure_key(x)
    elif value == V_FAILURE_SPEAKER:
        x.v[value][x.at] = x.v[V_SPEAKER][x.at] if known_value(x, V_SPEAKER) else x.local
        return True
    elif value == V_FAILURE_SHAPE:
        return copy_value(x, value, V_SHAPE)
    elif value == V_CLIENT_EVENT:
        x.v[value][x.at] = event_of(x)
        return not is_event(x, x.not_client_event)
    elif value == V_TRUSTED:
        x.v[value][x.at] = (
            is_set(x, C_AUTH_USER) or is_set(x, C_LOCAL_USER)
            or (is_set(x, C_INSTANCE) and x.of[C_INSTANCE].flags[entry(x, C_INSTANCE)] & 1)
            or (is_set(x, C_PROCESS) and x.of[C_PROCESS].flags[entry(x, C_PROCESS)] & 1)
        )
        return True
    elif value == V_TOLD:
        x.v[value][x.at] = not known_value(x, V_REPLY_ORIGIN) or x.v[V_REPLY_ORIGIN][x.at] == x.wire
        return True
    elif value == V_TROUBLE:
        x.v[value][x.at] = is_event(x, x.trouble) or is_set(x, C_SHAPE)
        return True
    elif value == V_FAILING:
        x.v[value][x.at] = is_failing(x)
        return True
    elif value == V_OF_CLIENT:
        x.v[value][x.at] = is_of_client(x)
        return True
    elif value == V_HAS_DELAY:
        x.v[value][x.at] = event_of(x) == x.delivered and is_set(x, C_DELAY)
        return True
    elif value == V_OF_DELIVERY:
        x.v[value][x.at] = is_event(x, x.delivery) and is_set(x, C_QUEUE_ID) and is_set(x, C_RECIPIENT)
        return True
    elif value == V_NAMED_RECIPIENT:
        x.v[value][x.at] = is_set(x, C_RECIPIENT) and (
            (is_event(x, x.named) and is_set(x, C_QUEUE_ID)) or is_true(x, V_FAILING)
        )
        return True
    elif value == V_NAMED_SENDER:
        x.v[value][x.at] = is_set(x, C_SENDER) and (
            (is_event(x, x.accepted) and is_set(x, C_QUEUE_ID)) or is_true(x, V_FAILING)
        )
        return True
    elif value == V_OF_MESSAGE:
        x.v[value][x.at] = is_set(x, C_QUEUE_ID) and (
            is_event(x, x.not_client_event) or (event_of(x) == x.expired and not is_set(x, C_RECIPIENT))
        )
        return True
    elif value == V_ACCEPTED:
        x.v[value][x.at] = is_event(x, x.accepted)
        return True
    elif value == V_LOGIN:
        x.v[value][x.at] = is_set(x, C_AUTH_USER)
        return True
    elif value == V_GIVEN_UP:
        x.v[value][x.at] = event_of(x) == x.expired
        return True
    elif value == V_LAST:
        if not copy_value(x, value, V_TIME):
            return False
        if is_set(x, C_LASTED):
            x.v[value][x.at] += (<int64_t*>x.block.columns[C_LASTED].values)[x.row]
        return True
    elif value == V_QUEUED_TIME:
        return is_event(x, x.accepted) and copy_value(x, value, V_TIME)
    elif value == V_QUEUED_SIZE:
        return is_event(x, x.accepted) and copy_value(x, value, V_SIZE)
    elif value == V_QUEUED_SENDER_KEY:
        return is_event(x, x.accepted) and copy_value(x, value, V_SENDER_KEY)
    elif value == V_OUTCOME:
        # Bit 120: delivered; from bit 56 the time, from bit 4 file and line, then the state.
        time = x.v[V_TIME][x.at] if known_value(x, V_TIME) and x.v[V_TIME][x.at] > 0 else 0
        known_value(x, V_REF)
        x.high[x.at] = (time >> 8) | (<int64_t>1 << 56 if event_of(x) == x.delivered else 0)
        x.v[value][x.at] = <int64_t>((<uint64_t>time << 56) | (<uint64_t>x.v[V_REF][x.at] << 4) | <uint64_t>x.outcomes[event_of(x)])
        return True
    return False


cdef bint message_key(Values* x) noexcept nogil:
    cdef Span span
    cdef uint64_t seed = 0
    if not is_set(x, C_QUEUE_ID):
        return False
    text_of(x, C_QUEUE_ID, &span)
    if is_set(x, C_HOST):
        seed = x.of[C_HOST].keys[entry(x, C_HOST)]
    if is_set(x, C_INSTANCE):
        seed = mixed(seed, x.of[C_INSTANCE].keys[entry(x, C_INSTANCE)])
    x.v[V_MESSAGE_KEY][x.at] = <int64_t>key_of(span.s, span.e - span.s, seed)
    return True


cdef bint failure_key(Values* x) noexcept nogil:
    cdef Span span
    cdef uint64_t key
    if not is_true(x, V_FAILING):
        return False
    known_value(x, V_FAILURE_SPEAKER)
    key = mixed(<uint64_t>x.v[V_FAILURE_SPEAKER][x.at] + 1, <uint64_t>(x.v[V_REPLY_CODE][x.at] if known_value(x, V_REPLY_CODE) else 0))
    if is_set(x, C_ENHANCED_CODE):
        text_of(x, C_ENHANCED_CODE, &span)
        key = key_of(span.s, span.e - span.s, key)
    if is_set(x, C_SHAPE):
        key = mixed(key, x.of[C_SHAPE].keys[entry(x, C_SHAPE)])
    x.v[V_FAILURE_KEY][x.at] = <int64_t>key
    return True


cdef bint is_failing(Values* x) noexcept nogil:
    if not is_true(x, V_TOLD):
        return False
    if is_set(x, C_REPLY_CODE) or is_set(x, C_ENHANCED_CODE):
        return is_event(x, x.failing_with_code) and known_value(x, V_REPLY_CLASS) and 4 <= x.v[V_REPLY_CLASS][x.at] <= 5
    return is_event(x, x.failing_alone)


cdef bint is_of_client(Values* x) noexcept nogil:
    if not is_event(x, x.client) and not (event_of(x) == x.info and is_set(x, C_QUEUE_ID)):
        return False
    # smtpd reports the connections that postscreen passes on
    if event_of(x) == x.connected and is_set(x, C_PROCESS) and x.of[C_PROCESS].flags[entry(x, C_PROCESS)] & 2:
        return False
    return is_set(x, C_CLIENT_IP) or is_set(x, C_CLIENT_HOST)
