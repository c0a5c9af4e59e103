# What the fields of one line took, and how it is stored: the compiled twin of store.py and of replies.parse_reply.

DEF_SLOTS = 50
cdef enum:
    SLOTS = 53
    MAX_LIST = 256
    C_FILE = 0
    C_LINE, C_TIME, C_MTA, C_HOST, C_INSTANCE, C_PROCESS, C_PID, C_QUEUE_ID, C_MESSAGE_ID, C_EVENT, C_SPEAKER, C_STAGE
    C_REPLY_CODE, C_ENHANCED_CODE, C_DSN, C_REPLY_CLASS, C_REPLY_ORIGIN, C_TEXT, C_SENDER, C_RECIPIENT, C_ORIG_RECIPIENT
    C_RELAY_HOST, C_RELAY_IP, C_RELAY_PORT, C_CLIENT_HOST, C_CLIENT_IP, C_HELO, C_TRANSPORT, C_ROUTER, C_PROTOCOL
    C_TLS_VERSION, C_TLS_CIPHER, C_AUTH_MECHANISM, C_AUTH_USER, C_LOCAL_USER, C_SIZE, C_NRCPT, C_DELAY, C_DELAY_BEFORE
    C_DELAY_QUEUE, C_DELAY_CONNECT, C_DELAY_TRANSMIT, C_RULE, C_NEXT_QUEUE_ID
    C_FILE_NO, C_SHAPE, C_SENDER_DOMAIN, C_RECIPIENT_DOMAIN, C_RAW, C_RAW_AT, C_WEIGHT, C_LASTED

cdef enum:
    NOTHING = -1
    REPLY = -2
    CLIENT = -3
    RELAY = -4

cdef enum:
    SAVE_TEXT = 0
    SAVE_INT, SAVE_IP, SAVE_SECONDS, SAVE_DELAYS4, SAVE_EXIM_TIME, SAVE_SENDMAIL_TIME, SAVE_PAREN, SAVE_INREPLY
    SAVE_QUOTED, SAVE_CUTQUOTED, SAVE_ACCEPTED

cdef struct Fields:
    uint64_t mask  # columns that are set
    uint64_t nulls  # of these, the ones a rule keeps empty
    cp s[SLOTS]
    cp e[SLOTS]
    int64_t v[SLOTS]
    int items  # of the list in `recipient`; -1: it is one text

cdef struct Span:
    cp s
    cp e

cdef struct Machine:
    # tables of the program
    cp literals
    cp classes
    int32_t* ops
    int32_t* words
    int32_t* lists
    int32_t* keys
    int32_t* flags
    int32_t* rules
    int32_t* choices
    int32_t* fills
    int32_t* subs
    int32_t* templates
    int32_t* candidates
    int32_t* order
    int32_t* first
    int32_t* groups
    int32_t in_reply, in_replies, stage_words, stage_word_count
    uint64_t number_slots, code_slots
    uint64_t kept  # columns that somebody asks for
    int64_t speaker_remote, speaker_local, origin_own, event_deferred, event_bounced
    Span closed[SLOTS][64]  # words of the closed columns
    # the string that a template runs over
    cp base
    cp end
    Fields line
    Fields found
    Fields trial
    Span items[MAX_LIST]
    # texts that do not stand in the line as they are
    uint8_t* scratch
    int64_t used, room
    int template  # that took the line
    bint declined  # this line is for the reference engine


cdef inline uint64_t bit(int slot) noexcept nogil:
    return <uint64_t>1 << slot


cdef inline bint has(Fields* f, int slot) noexcept nogil:
    return (f.mask & ~f.nulls & bit(slot)) != 0


cdef inline void clear(Fields* f) noexcept nogil:
    f.mask = 0
    f.nulls = 0
    f.items = -1


cdef inline void put(Fields* f, int slot, cp s, cp e) noexcept nogil:
    if slot >= 0 and not f.mask & bit(slot):
        f.mask |= bit(slot)
        f.s[slot] = s
        f.e[slot] = e


cdef inline void put_number(Fields* f, int slot, int64_t value) noexcept nogil:
    if slot >= 0 and not f.mask & bit(slot):
        f.mask |= bit(slot)
        f.v[slot] = value


cdef inline void forget(Fields* f, int slot) noexcept nogil:
    f.mask &= ~bit(slot)
    f.nulls &= ~bit(slot)


cdef void copy_field(Fields* to, Fields* source, int slot) noexcept nogil:
    to.s[slot] = source.s[slot]
    to.e[slot] = source.e[slot]
    to.v[slot] = source.v[slot]
    to.mask |= bit(slot)
    to.nulls &= ~bit(slot)
    if slot == C_RECIPIENT:
        to.items = source.items


cdef uint8_t* space(Machine* m, int64_t n) noexcept nogil:
    """Room for a text made here; NULL (and the line is declined) if there is no more for this line."""
    cdef uint8_t* place
    if n > m.room - m.used:
        m.declined = True
        return NULL
    place = m.scratch + m.used
    m.used += n
    return place


# ---- values
cdef void put_address(Fields* f, int slot, cp s, cp e) noexcept nogil:
    """An IP address without its IPv6: tag and its scope; other texts store nothing."""
    cdef cp p
    cdef cp mark = NULL
    if begins_with(s, e, b"IPv6:", 5) or begins_with(s, e, b"ipv6:", 5):
        s += 5
    p = s
    while p < e and kind_of_byte[p[0]] & 64:
        if mark == NULL and (p[0] == 46 or p[0] == 58):
            mark = p
        p += 1
    if mark == NULL or p - mark < 2:
        return
    if p < e:
        if p[0] != 37 or e - p < 2:
            return
        mark = p
        p += 1
        while p < e:
            if not is_alnum(p[0]) and p[0] != 46:
                return
            p += 1
        e = mark
    put(f, slot, s, e)


cdef void put_digits(Fields* f, int slot, cp s, cp e) noexcept nogil:
    if s < e and e - s <= 18 and skip_digits(s, e) == e:
        put_number(f, slot, whole(s, e))


cdef int64_t thousandths(cp s, cp e) noexcept nogil:
    cdef int64_t value = 0
    cdef int i
    for i in range(3):
        value *= 10
        if s < e:
            value += s[0] - 48
            s += 1
    return value


cdef void put_seconds(Fields* f, int slot, cp s, cp e) noexcept nogil:
    """Seconds with a fraction, of which milliseconds are kept."""
    cdef int64_t value = 0
    cdef int n = 0
    while s < e and is_digit(s[0]):
        value = value * 10 + (s[0] - 48)
        s += 1
        n += 1
        if n > 12:
            return
    if n == 0:
        return
    n = 0
    if s < e:
        if s[0] != 46 or e - s < 2:
            return
        s += 1
        while s < e:
            if not is_digit(s[0]):
                return
            if n < 3:
                value = value * 10 + (s[0] - 48)
                n += 1
            s += 1
    while n < 3:
        value *= 10
        n += 1
    put_number(f, slot, value)


cdef void put_delays(Machine* m, Fields* f, cp s, cp e) noexcept nogil:
    cdef int slot
    cdef cp p
    if not m.kept & (bit(C_DELAY_BEFORE) | bit(C_DELAY_QUEUE) | bit(C_DELAY_CONNECT) | bit(C_DELAY_TRANSMIT)):
        return
    for slot in range(C_DELAY_BEFORE, C_DELAY_TRANSMIT + 1):
        p = s
        while p < e and p[0] != 47:
            p += 1
        put_seconds(f, slot, s, p)
        if p == e:
            return
        s = p + 1


cdef void put_exim_time(Fields* f, int slot, cp s, cp e) noexcept nogil:
    """1w2d3h4m5.6s, each part at most once and in this order."""
    cdef int64_t total = 0, number, milli = 0
    cdef int unit = 0
    cdef cp p
    cdef cp q
    if s == e:
        return
    while s < e:
        p = skip_digits(s, e)
        if p == s or p - s > 9 or p == e:
            return
        number = whole(s, p)
        if p[0] == 46:
            q = skip_digits(p + 1, e)
            if q == p + 1 or q - p > 10 or q == e or q[0] != 115:
                return
            milli = thousandths(p + 1, q)
            p = q
        if p[0] == 119 and unit < 1:
            unit, number = 1, number * 604800
        elif p[0] == 100 and unit < 2:
            unit, number = 2, number * 86400
        elif p[0] == 104 and unit < 3:
            unit, number = 3, number * 3600
        elif p[0] == 109 and unit < 4:
            unit, number = 4, number * 60
        elif p[0] == 115 and unit < 5:
            unit = 5
        else:
            return
        total += number
        s = p + 1
    put_number(f, slot, total * 1000 + milli)


cdef void put_sendmail_time(Fields* f, int slot, cp s, cp e) noexcept nogil:
    cdef int64_t days = 0, hours
    cdef cp p = skip_digits(s, e)
    if p < e and p[0] == 43:
        if p == s or p - s > 6:
            return
        days = whole(s, p)
        s = p + 1
        p = skip_digits(s, e)
    if p == s or p - s > 4 or e - p != 6:
        return
    hours = whole(s, p)
    if p[0] != 58 or p[3] != 58 or not (is_digit(p[1]) and is_digit(p[2]) and is_digit(p[4]) and is_digit(p[5])):
        return
    put_number(f, slot, (((days * 24 + hours) * 60 + two_digits(p + 1)) * 60 + two_digits(p + 4)) * 1000)


# ---- replies
cdef cp enhanced_code(cp p, cp e) noexcept nogil:
    """Behind `x.y.z` at p; NULL if there is none. What may follow is for the caller."""
    cdef cp q
    if e - p < 5 or (p[0] != 50 and p[0] != 52 and p[0] != 53) or p[1] != 46:
        return NULL
    q = skip_digits(p + 2, e)
    if q == p + 2 or q - p > 5 or q == e or q[0] != 46:
        return NULL
    p = q + 1
    q = skip_digits(p, e)
    if q == p or q - p > 3:
        return NULL
    return q


cdef bint enhanced_in_front(cp* p, cp e, Span* code) noexcept nogil:
    """` *#?x.y.z[ ,;:]?`, not a piece of an address or a version; p moves behind it."""
    cdef cp s = p[0]
    cdef cp q
    while s < e and s[0] == 32:
        s += 1
    if s < e and s[0] == 35:
        s += 1
    q = enhanced_code(s, e)
    if q == NULL:
        return False
    if e - q >= 2 and q[0] == 46 and is_digit(q[1]):
        return False
    code.s = s
    code.e = q
    if q < e and (q[0] == 32 or q[0] == 44 or q[0] == 59 or q[0] == 58):
        q += 1
    p[0] = q
    return True


cdef bint enhanced_at_end(cp s, cp e, Span* code) noexcept nogil:
    """`(#x.y.z words)` at the end, within the last 60 bytes."""
    cdef cp p = e - 60 if e - s > 60 else s
    cdef cp q
    cdef cp r
    while True:
        p = find_text(p, e, b"(#", 2)
        if p == NULL:
            return False
        q = enhanced_code(p + 2, e)
        if q != NULL and not (q < e and (is_digit(q[0]) or q[0] == 46)):
            r = q
            while r < e and r[0] != 40 and r[0] != 41:
                r += 1
            if r < e and r[0] == 41 and (e - r == 1 or (e - r == 2 and r[1] == 46)):
                code.s = p + 2
                code.e = q
                return True
        p += 1


cdef cp repeat_at(cp p, cp e, cp code, Span* enhanced) noexcept nogil:
    """Behind a repeated code with its hyphen or blank, enhanced code and blanks; NULL if none stands at p."""
    cdef cp q
    cdef long n
    if e - p < 4 or not equal_bytes(p, code, 3) or (p[3] != 32 and p[3] != 45):
        return NULL
    p += 4
    if enhanced.s != NULL:
        n = enhanced.e - enhanced.s
        q = p
        while q < e and q[0] == 32:
            q += 1
        if begins(q, e, enhanced.s, n) and not (q + n < e and (is_digit(q[n]) or q[n] == 46)):
            p = q + n
    while p < e and p[0] == 32:
        p += 1
    return p


cdef void without_repeats(Machine* m, Span* text, cp code, Span* enhanced) noexcept nogil:
    """Drop the codes that a reply of several lines, flattened into one, repeats."""
    cdef cp s = text.s
    cdef cp e = text.e
    cdef cp p = s
    cdef cp q
    cdef uint8_t* made
    cdef int64_t n = 0, i, k
    if find_bytes(s, e, code, 3) == NULL:
        return
    made = space(m, e - s)
    if made == NULL:
        return
    while p < e:
        q = NULL
        if p[0] == 92 and e - p >= 2 and p[1] == 110:
            q = repeat_at(p + 2, e, code, enhanced)
        if q == NULL and (p == s or last_of(p) == 32):
            q = repeat_at(p, e, code, enhanced)
        if q != NULL:
            made[n] = 32
            p = q
        else:
            made[n] = p[0]
            p += 1
        n += 1
    i = k = 0
    while i < n:  # two blanks become one, pair by pair
        made[k] = made[i]
        if made[i] == 32 and i + 1 < n and made[i + 1] == 32:
            i += 1
        i += 1
        k += 1
    text.s = made
    text.e = made + k


cdef void next_queue_id(Fields* f, cp s, cp e) noexcept nogil:
    """The ID that a reply says the message has now: `queued as X`, `id=X`, `X Message accepted for delivery`."""
    cdef cp p = s
    cdef cp q
    if e - s > 400:
        e = s + 400
    while p < e:
        q = NULL
        if p[0] == 113 or p[0] == 81:
            if begins_with(p + 1, e, b"ueued ", 6):
                q = p + 7
                if begins_with(q, e, b"mail ", 5):
                    q += 5
                if begins_with(q, e, b"as ", 3):
                    q += 3
                elif begins_with(q, e, b"for delivery as ", 16):
                    q += 16
                else:
                    q = NULL
        elif p[0] == 105 and begins_with(p, e, b"id=", 3) and not (p > s and is_word(last_of(p))):
            q = p + 3
        if q != NULL:
            if q < e and q[0] == 60:
                q += 1
            if put_queue_id(f, q, e):
                return
        if p == s:
            while p < e and is_alnum(p[0]) and p - s < 20:
                p += 1
            if p - s >= 8 and begins_with(p, e, b" Message accepted for delivery", 30):
                put(f, C_NEXT_QUEUE_ID, s, p)
                return
            p = s
        p += 1


cdef bint put_queue_id(Fields* f, cp s, cp e) noexcept nogil:
    cdef cp p = s
    if p >= e or not is_alnum(p[0]):
        return False
    p += 1
    while p < e and p - s < 64 and (is_word(p[0]) or p[0] == 46 or p[0] == 47 or p[0] == 43 or p[0] == 45):
        p += 1
    if p - s < 5:
        return False
    while p > s and last_of(p) == 46:
        p -= 1
    put(f, C_NEXT_QUEUE_ID, s, p)
    return True


cdef void put_reply(Machine* m, Fields* f, cp s, cp e, bint accepted) noexcept nogil:
    """A reply taken apart into its codes and its text."""
    cdef Span text, enhanced
    cdef cp code
    cdef int number = 0
    enhanced.s = NULL
    enhanced.e = NULL
    while s < e and s[0] == 32:
        s += 1
    while s < e and last_of(e) == 32:
        e -= 1
    text.s = s
    text.e = e
    if (
        e - s >= 3 and 50 <= s[0] <= 53 and is_digit(s[1]) and is_digit(s[2])
        and (e - s == 3 or s[3] == 32 or s[3] == 45)
    ):
        code = s
        number = (s[0] - 48) * 100 + (s[1] - 48) * 10 + s[2] - 48
        text.s = s + 3 if e - s == 3 else s + 4
        if not enhanced_in_front(&text.s, e, &enhanced):
            enhanced_at_end(text.s, e, &enhanced)
        without_repeats(m, &text, code, &enhanced)
        while text.s < text.e and text.s[0] == 32:
            text.s += 1
        while text.s < text.e and last_of(text.e) == 32:
            text.e -= 1
    elif (s < e and s[0] == 35) or not enhanced_in_front(&text.s, e, &enhanced):
        enhanced_at_end(s, e, &enhanced)
    else:
        while text.s < e and text.s[0] == 32:
            text.s += 1
    if number:
        put_number(f, C_REPLY_CODE, number)
    if enhanced.s != NULL:
        put(f, C_ENHANCED_CODE, enhanced.s, enhanced.e)
    forget(f, C_TEXT)
    put(f, C_TEXT, text.s, text.e)
    if accepted or (number and number < 300):
        next_queue_id(f, text.s, text.e)


# ---- by type
cdef void save_text(Machine* m, Fields* f, int slot, cp s, cp e) noexcept nogil:
    """Bytes as they are; a number in a number's column; the pseudo-column `reply` is taken apart."""
    if slot == REPLY:
        put_reply(m, f, s, e, False)
    elif slot >= 0:
        if m.number_slots & bit(slot):
            put_digits(f, slot, s, e)
        else:
            put(f, slot, s, e)


cdef int word_at(Machine* m, int first, int count, cp p, cp e, bint entire) noexcept nogil:
    """Number of the first of these words that stands at p (that is all of p to e if `entire`), -1 if none does."""
    cdef int i
    cdef int32_t* w
    for i in range(first, first + count):
        w = m.words + 5 * i
        if entire and e - p != w[1]:
            continue
        if begins(p, e, m.literals + w[0], w[1]):
            return i
    return -1


cdef void save_in_reply(Machine* m, Fields* f, int slot, cp s, cp e) noexcept nogil:
    """A remote reply, less Postfix's ` (in reply to COMMAND command)`, which gives the stage."""
    cdef cp p = rfind_text(s, e, b" (in reply to ", 14)
    cdef cp q
    cdef int word
    if p != NULL:
        q = e
        if q > p + 14 and last_of(q) == 41:
            q -= 1
        if q - (p + 14) >= 8 and begins_with(q - 8, q, b" command", 8):
            q -= 8
        word = word_at(m, m.in_reply, m.in_replies, p + 14, q, True)
        if word >= 0:
            put_number(f, C_STAGE, m.words[5 * word + 3])
            e = p
    save_text(m, f, slot, s, e)


cdef void save(Machine* m, Fields* f, int slot, int how, cp s, cp e) noexcept nogil:
    if how == SAVE_TEXT:
        save_text(m, f, slot, s, e)
    elif how == SAVE_INREPLY:
        save_in_reply(m, f, slot, s, e)
    elif how == SAVE_DELAYS4:
        put_delays(m, f, s, e)
    elif slot == NOTHING or (slot >= 0 and not m.kept & bit(slot)):
        return
    elif how == SAVE_IP:
        put_address(f, slot, s, e)
    elif how == SAVE_INT:
        save_text(m, f, slot, s, e)
    elif how == SAVE_SECONDS:
        put_seconds(f, slot, s, e)
    elif how == SAVE_EXIM_TIME:
        put_exim_time(f, slot, s, e)
    elif how == SAVE_SENDMAIL_TIME:
        put_sendmail_time(f, slot, s, e)
    elif how == SAVE_PAREN:
        save_text(m, f, slot, s, e - 1 if s < e and last_of(e) == 41 else e)
    elif how == SAVE_QUOTED:
        save_text(m, f, slot, s + 1, e - 1)
    elif how == SAVE_CUTQUOTED:
        s += 1
        save_text(m, f, slot, s, e - 1 if s < e and last_of(e) == 34 else e)
    elif how == SAVE_ACCEPTED:
        put_reply(m, f, s, e - 1 if s < e and last_of(e) == 41 else e, True)
