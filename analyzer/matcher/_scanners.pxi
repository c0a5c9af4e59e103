# The field types that no class run can do: the compiled twin of scanners.py, function by function.
# Each takes what it can from p and gives the new place, or NULL if its field is not there.

cdef enum:
    SCAN_EXIM_SENDER = 0
    SCAN_EXIM_RECIPIENT, SCAN_EXIM_WORD, SCAN_EXIM_COMMAND, SCAN_EXIM_HOST, SCAN_EXIM_PAIR, SCAN_EXIM_PLACE
    SCAN_EXIM_STAGE, SCAN_PLAIN_WORDS, SCAN_SENDMAIL_MAILBOXES, SCAN_SENDMAIL_ADDRESS, SCAN_SENDMAIL_SENDER
    SCAN_SENDMAIL_REPLY, SCAN_SENDMAIL_RELAY
    MOST_PLACES = 128


cdef cp skip_unquoted(cp p, cp e, uint8_t stop) noexcept nogil:
    """A run up to `stop`, escapes and closed quoted strings taken whole."""
    cdef cp q
    while p < e and p[0] != stop:
        if p[0] == 92:
            if e - p < 2:
                break
            p += 2
        elif p[0] == 34:
            q = skip_quoted(p, e)
            if q == NULL:
                break
            p = q
        else:
            p += 1
    return p


cdef inline bint is_named(uint8_t c) noexcept nogil:
    """Bytes that an Exim host name can hold: all but blank and []()<>"=."""
    if kind_of_byte[c] & 16:
        return True
    return not (c == 32 or c == 91 or c == 93 or c == 40 or c == 41 or c == 60 or c == 62 or c == 34 or c == 61)


cdef cp exim_sender(Fields* f, int slot, cp p, cp e) noexcept nogil:
    cdef cp q
    if begins_with(p, e, b"<>", 2):
        put(f, slot, p, p)
        return p + 2
    q = skip_unquoted(p, e, 32)
    if q == p:
        return NULL
    put(f, slot, p, q)
    return q


cdef bint same_local(cp p, cp q, cp s, cp e, Span* local, Span* domain) noexcept nogil:
    """Whether the address printed in [p, q) is the mailbox [s, e) without quotes and escapes; its domain if another one."""
    cdef cp at = rfind_text(s, e, b"@", 1)
    cdef cp r = s
    cdef cp t
    cdef uint8_t c
    if at == NULL or p == q:
        return False
    while r < at:
        c = r[0]
        if c == 34:
            r += 1
            continue
        if c == 92 and at - r >= 2:
            c = r[1]
            r += 1
        r += 1
        if p == q or lower(p[0]) != lower(c):
            return False
        p += 1
    local.s = s
    local.e = at
    domain.s = NULL
    domain.e = NULL
    if p == q:
        return True
    if q - p == e - at:
        t = p
        r = at
        while t < q and lower(t[0]) == lower(r[0]):
            t += 1
            r += 1
        if t == q:
            return True
    if p[0] != 64 or q - p < 2:
        return False
    t = p + 1
    while t < q:
        if t[0] == 32 or t[0] == 64 or t[0] == 60 or t[0] == 62 or t[0] == 34:
            return False
        t += 1
    domain.s = p + 1
    domain.e = q
    return True


cdef cp bracketed_top(cp p, cp e, Span* inner) noexcept nogil:
    """Behind ` ?<mailbox>`; NULL if it is not there."""
    cdef cp q
    if p < e and p[0] == 32:
        p += 1
    if p >= e or p[0] != 60:
        return NULL
    q = skip_mailbox(p + 1, e)
    if q >= e or q[0] != 62:
        return NULL
    inner.s = p + 1
    inner.e = q
    return q + 1


cdef cp exim_program(Fields* f, int slot, cp p, cp e) noexcept nogil:
    """A pipe or a file as recipient: up to the first bracketed address that ends a word."""
    cdef cp place = p
    cdef cp q
    cdef cp inner
    cdef cp stop
    cdef Span top
    cdef int i
    for i in range(MOST_PLACES):
        place = find_text(place, e, b" <", 2)
        if place == NULL:
            return NULL
        q = bracketed_top(place, e, &top)
        if q != NULL and (q == e or q[0] == 32 or q[0] == 58):
            stop = place
            if place > p and last_of(place) == 41:
                inner = rfind_text(p, place, b" (", 2)
                if inner != NULL and inner > p and memchr(inner, 64, place - inner) != NULL:
                    stop = inner
            put(f, slot, p, stop)
            put(f, C_ORIG_RECIPIENT, top.s, top.e)
            return q
        place += 1
    return NULL


cdef cp exim_recipient(Machine* m, Fields* f, int slot, cp p, cp e) noexcept nogil:
    cdef cp place = p
    cdef cp q
    cdef cp s
    cdef uint8_t* made
    cdef Span local, domain, top, recipient
    cdef int i
    for i in range(MOST_PLACES):
        place = find_text(place, e, b' <"', 3)
        if place == NULL:
            break
        q = skip_mailbox(place + 2, e)
        if q < e and q[0] == 62 and same_local(p, place, place + 2, q, &local, &domain):
            if domain.s == NULL:
                put(f, slot, place + 2, q)
            else:
                put(f, C_ORIG_RECIPIENT, place + 2, q)
                made = space(m, (local.e - local.s) + 1 + (domain.e - domain.s))
                if made == NULL:
                    return NULL
                memcpy(made, local.s, local.e - local.s)
                made[local.e - local.s] = 64
                memcpy(made + (local.e - local.s) + 1, domain.s, domain.e - domain.s)
                put(f, slot, made, made + (local.e - local.s) + 1 + (domain.e - domain.s))
            return q + 1
        place += 1
    if p < e and (p[0] == 124 or p[0] == 47 or begins_with(p, e, b"save ", 5)):
        q = exim_program(f, slot, p, e)
        if q != NULL:
            return q
    s = p
    while s < e and s[0] == 32:
        s += 1
    q = NULL
    if s < e and s[0] == 34:
        q = skip_quoted(s, e)
        if q != NULL and q < e and q[0] == 64 and skip_run(q + 1, e) > q + 1:
            q = skip_run(q + 1, e)
        else:
            q = NULL
    if q == NULL:
        q = skip_run(s, e)
        if q == s:
            return NULL
    recipient.s = s
    recipient.e = q
    if begins_with(q, e, b" (", 2):
        s = q + 2
        while s < e and s[0] != 40 and s[0] != 41:
            if s[0] == 92:
                if e - s < 2:
                    break
                s += 2
            elif s[0] == 34:
                place = skip_quoted(s, e)
                if place == NULL:
                    break
                s = place
            else:
                s += 1
        if s < e and s[0] == 41:
            q = s + 1
    s = bracketed_top(q, e, &top)
    if s != NULL:
        q = s
        if (
            memchr(recipient.s, 64, recipient.e - recipient.s) == NULL
            and same_local(recipient.s, recipient.e, top.s, top.e, &local, &domain)
        ):
            recipient = top
        else:
            put(f, C_ORIG_RECIPIENT, top.s, top.e)
    put(f, slot, recipient.s, recipient.e)
    return q


cdef cp exim_place(Fields* f, int slot, cp base, cp p, cp e) noexcept nogil:
    """The argument of a refused command: an address in brackets, a word, or the first 100 bytes of either."""
    cdef cp cut = p + 100 if e - p >= 100 else NULL
    cdef cp q
    cdef Span value
    cdef bint is_cut = cut != NULL and (cut == e or begins_with(cut, e, b": ", 2))
    if p < e and p[0] == 60:
        value.s = p + 1
        value.e = skip_mailbox(p + 1, e)
        q = value.e + 1 if value.e < e and value.e[0] == 62 else NULL
    else:
        value.s = p
        value.e = skip_run(p, e)
        q = value.e if value.e > p else NULL
    if q == NULL or (is_cut and q > cut):
        return cut if is_cut else NULL
    put(f, slot, value.s, value.e)
    if q < e and q[0] == 32:
        return find_text(q, e, b": ", 2)
    return q


cdef cp exim_pair(Fields* f, int slot, int beside, cp p, cp e) noexcept nogil:
    cdef cp s = p
    while p < e and p[0] != 32 and p[0] != 58:
        p += 1
    if p == s:
        return NULL
    put(f, slot, s, p)
    while e - p >= 2 and p[0] == 58 and p[1] != 32 and p[1] != 58:
        s = p + 1
        p = s
        while p < e and p[0] != 32 and p[0] != 58:
            p += 1
        if slot != NOTHING:
            put(f, beside, s, p)
        beside = NOTHING
    return p


cdef cp exim_command(Machine* m, Fields* f, int slot, cp p, cp e) noexcept nogil:
    """A client's command up to its closing quote, if only one place can be that."""
    cdef cp place = p
    cdef cp found = NULL
    while True:
        place = find_text(place, e, b'" ', 2)
        if place == NULL:
            break
        if e - place >= 4 and place[3] == 61 and (place[2] == 72 or place[2] == 85):
            if found != NULL:
                return NULL
            found = place
        place += 1
    if found != NULL:
        save_text(m, f, slot, p, found)
    return found


cdef cp exim_host(Machine* m, Fields* f, int side, cp p, cp e) noexcept nogil:
    """`name (helo) [address]:port*`, or a bare name that a KEY=, a colon or the end follows."""
    cdef cp start = p
    cdef cp q
    cdef int host = C_RELAY_HOST if side == RELAY else C_CLIENT_HOST
    cdef Span name, helo, ip, port
    name.s = helo.s = ip.s = port.s = NULL
    name.e = helo.e = ip.e = port.e = NULL
    q = p
    while q < e and is_named(q[0]):
        q += 1
    if q > p and q < e and q[0] == 32:
        name.s, name.e = p, q
        p = q + 1
    if begins_with(p, e, b"DS ", 3):
        p += 3
    if p < e and p[0] == 40:
        q = p + 1
        while q < e and q[0] != 41:
            if q[0] == 40:
                ip.s = q + 1
                while ip.s < e and ip.s[0] != 40 and ip.s[0] != 41:
                    ip.s += 1
                if ip.s >= e or ip.s[0] != 41:
                    break
                q = ip.s
            q += 1
        if begins_with(q, e, b") ", 2):
            helo.s, helo.e = p + 1, q
            p = q + 2
    if p < e and p[0] == 91:
        q = p + 1
        while q < e and q[0] != 93 and q[0] != 32:
            q += 1
        if q < e and q[0] == 93:
            ip.s, ip.e = p + 1, q
            q += 1
            if q < e and q[0] == 58 and skip_digits(q + 1, e) > q + 1:
                port.s, port.e = q + 1, skip_digits(q + 1, e)
                q = port.e
            if q < e and q[0] == 42:
                q += 1
            if side != NOTHING:
                if name.s != NULL:
                    put(f, host, name.s, name.e)
                if helo.s != NULL and side == CLIENT:
                    put(f, C_HELO, helo.s, helo.e)
                put_address(f, C_RELAY_IP if side == RELAY else C_CLIENT_IP, ip.s, ip.e)
                if side == RELAY:
                    if port.s != NULL:
                        put_digits(f, C_RELAY_PORT, port.s, port.e)
                    if name.s == NULL and ip.s < ip.e:
                        put(f, C_RELAY_HOST, ip.s, ip.e)
            return q
    p = start
    while p < e and is_named(p[0]) and p[0] != 44 and p[0] != 59:
        p += 1
    if p == start:
        return NULL
    if p < e and p[0] != 58:
        if p[0] != 32:
            return NULL
        q = p + 1
        while q < e and is_letter(q[0]):
            q += 1
        if q == p + 1 or q == e or q[0] != 61:
            return NULL
    elif p == e:
        pass
    if side != NOTHING:
        put(f, host, start, p)
    return p


cdef cp exim_stage(Machine* m, Fields* f, cp p, cp e) noexcept nogil:
    """The command after which a remote error came, up to the `: ` before the reply or to the end."""
    cdef cp place = p + 10 if begins_with(p, e, b"pipelined ", 10) else p
    cdef int word = word_at(m, m.stage_words, m.stage_word_count, place, e, False)
    if word >= 0:
        put_number(f, C_STAGE, m.words[5 * word + 3])
        p = place + m.words[5 * word + 1]
        if begins_with(p, e, b":<", 2):
            p = skip_mailbox(p + 2, e)
    place = find_text(p, e, b": ", 2)
    return e if place == NULL else place


cdef cp plain_words(Machine* m, Fields* f, int slot, cp p, cp e) noexcept nogil:
    """Words up to a colon or a KEY=."""
    cdef cp start = p
    cdef cp q
    while True:
        q = p
        while q < e and q[0] != 32 and q[0] != 58 and q[0] != 61:
            q += 1
        if q == p or (q < e and q[0] == 61):
            break
        p = q
        if p < e and p[0] == 32:
            q = p + 1
            while q < e and 65 <= q[0] <= 90:
                q += 1
            if not (q > p + 1 and q < e and q[0] == 61):
                p += 1
    if p == start:
        return NULL
    q = p
    while q > start and last_of(q) == 32:
        q -= 1
    save_text(m, f, slot, start, q)
    return p


# ---- sendmail
cdef cp sendmail_brackets(cp p, cp e) noexcept nogil:
    """Behind `<...>`, in which brackets may stand once more; NULL if it is not closed."""
    cdef cp q
    if p >= e or p[0] != 60:
        return NULL
    p += 1
    while p < e:
        if p[0] == 62:
            return p + 1
        if p[0] == 60:
            q = skip_mailbox(p + 1, e)
            if q >= e or q[0] != 62:
                return NULL
            p = q + 1
        elif p[0] == 92:
            if e - p < 2:
                return NULL
            p += 2
        elif p[0] == 34:
            q = skip_quoted(p, e)
            if q == NULL:
                return NULL
            p = q
        else:
            p += 1
    return NULL


cdef cp sendmail_mailboxes(Machine* m, Fields* f, int slot, cp p, cp e) noexcept nogil:
    """`<a>,<b>`, a quoted command or plain items; stores a list in `recipient`."""
    cdef cp place = p
    cdef cp q
    cdef cp r
    cdef Span item
    cdef int count = 0
    cdef bint fresh = slot != NOTHING and not f.mask & bit(slot)
    while True:
        q = sendmail_brackets(place, e)
        if q != NULL:
            item.s, item.e = place + 1, q - 1
        elif place < e and place[0] == 60:
            place = rfind_text(place, e, b", delay=", 8)
            break
        else:
            q = skip_unquoted(place, e, 44)
            if q == place:
                if place < e and place[0] == 34:
                    place = rfind_text(place, e, b", delay=", 8)
                break
            item.s, item.e = place, q
            r = place
            while r < q and r[0] != 60 and r[0] != 62:
                r += 1
            if r < q and r[0] == 60 and skip_mailbox(r + 1, q) == q - 1 and last_of(q) == 62:
                item.s, item.e = r + 1, q - 1
        if fresh:
            if count == MAX_LIST:
                m.declined = True
                return NULL
            m.items[count] = item
        count += 1
        place = q
        if e - place < 2 or place[0] != 44 or place[1] == 32:
            break
        place += 1
    if count and fresh:
        put(f, slot, p, p)
        f.items = count
    return place if place != NULL and place > p else NULL


cdef cp sendmail_ids(cp p, cp e) noexcept nogil:
    """Behind ` (uid/gid)`; NULL if it is not there."""
    cdef cp q
    if not begins_with(p, e, b" (", 2):
        return NULL
    p += 2
    q = p
    while q < e and (is_digit(q[0]) or q[0] == 45):
        q += 1
    if q == p or q >= e or q[0] != 47:
        return NULL
    p = q + 1
    q = p
    while q < e and (is_digit(q[0]) or q[0] == 45):
        q += 1
    return q + 1 if q > p and q < e and q[0] == 41 else NULL


cdef cp sendmail_address(Fields* f, int slot, cp p, cp e) noexcept nogil:
    cdef cp q = sendmail_brackets(p, e)
    cdef cp r
    cdef Span value
    if q != NULL:
        value.s, value.e = p + 1, q - 1
    elif p < e and p[0] == 60:
        r = find_text(p, e, b", delay=", 8)
        return r if r != NULL and slot == C_LOCAL_USER else NULL
    else:
        q = skip_unquoted(p, e, 44)
        if q == p:
            return NULL
        value.s, value.e = p, q
        r = p
        while True:
            r = find_text(r, q, b" (", 2)
            if r == NULL:
                break
            if sendmail_ids(r, q) != NULL:
                value.e = r
                break
            r += 1
    put(f, slot, value.s, value.e)
    r = sendmail_ids(q, e)
    return q if r == NULL else r


cdef cp sendmail_sender(Fields* f, int slot, cp p, cp e) noexcept nogil:
    """The sender, of which 200 bytes are printed: a longer one ends there whatever it holds."""
    cdef cp cut = p
    cdef cp q
    cdef int n = 0
    while n < 200 and cut < e:
        if (
            cut[0] == 92 and e - cut >= 4 and 48 <= cut[1] <= 55 and 48 <= cut[2] <= 55 and 48 <= cut[3] <= 55
        ):
            cut += 4
        else:
            cut += 1
        n += 1
    if n < 200 or not begins_with(cut, e, b", size=", 7):
        cut = NULL
    q = sendmail_brackets(p, e)
    if q == NULL and not (p < e and p[0] == 60):
        q = skip_unquoted(p, e, 44)
        if q == p:
            q = NULL
    if q == NULL or (cut != NULL and q > cut):
        return cut if cut != NULL else find_text(p, e, b", size=", 7)
    if p[0] == 60:
        put(f, slot, p + 1, q - 1)
    else:
        put(f, slot, p, q)
    return q


cdef bint said_itself(cp p, cp e) noexcept nogil:
    """Whether a reply is what sendmail says of a connection that failed."""
    return (
        begins_with(p, e, b"421 4.4.1 Connection ", 21) or begins_with(p, e, b"451 4.4.1 reply: read error from ", 33)
        or begins_with(p, e, b"451 4.4.1 timeout writing message to ", 37)
    )


cdef cp sendmail_reply(Machine* m, Fields* f, int slot, cp p, cp e) noexcept nogil:
    """What the server said about this recipient, up to `, stat=`; `stat=Deferred:` with the same code has it as it came."""
    cdef cp q = find_text(p, e, b", stat=", 7)
    if q == NULL:
        q = e
    if p >= e or (p[0] != 52 and p[0] != 53):
        return q
    if begins_with(q, e, b", stat=Deferred: ", 17) and begins(q + 17, e, p, 3):
        save_text(m, f, slot, q + 17, e)
    else:
        save_text(m, f, slot, p, q)
    if has(f, C_DSN) and f.s[C_DSN] < f.e[C_DSN] and f.s[C_DSN][0] == 50:
        put_number(f, C_EVENT, m.event_deferred if p[0] == 52 else m.event_bounced)
    if f.mask & bit(C_RELAY_HOST) and not said_itself(p, e):
        put_number(f, C_SPEAKER, m.speaker_remote)
    else:
        put_number(f, C_SPEAKER, m.speaker_local)
        put_number(f, C_REPLY_ORIGIN, m.origin_own)
    return q


cdef bint is_own_mailer(Fields* f) noexcept nogil:
    """Whether the transport is one of sendmail's that hand over to a program or a file."""
    cdef cp s = f.s[C_TRANSPORT]
    cdef int64_t n = f.e[C_TRANSPORT] - s
    if not has(f, C_TRANSPORT):
        return False
    return (
        (n == 5 and memcmp(s, b"local", 5) == 0) or (n == 4 and memcmp(s, b"prog", 4) == 0)
        or (n == 6 and memcmp(s, b"*file*", 6) == 0) or (n == 9 and memcmp(s, b"*include*", 9) == 0)
    )


cdef cp sendmail_relay(Fields* f, int side, cp p, cp e) noexcept nogil:
    """`host [address]`, `user@host`, `[address]` alone or twice, `host (address)`, with `(may be forged)`."""
    cdef cp q = p
    cdef cp r
    cdef Span name, ip
    ip.s = ip.e = NULL
    while q < e and not (q[0] == 32 or q[0] == 44 or q[0] == 91 or q[0] == 93 or q[0] == 40 or q[0] == 41):
        q += 1
    if q == p:
        if p >= e or p[0] != 91:
            return NULL
        q = p + 1
        while q < e and q[0] != 93 and q[0] != 44 and q[0] != 32:
            q += 1
        if q >= e or q[0] != 93:
            return NULL
        q += 1
    name.s, name.e = p, q
    if begins_with(q, e, b" [", 2):
        r = q + 2
        while r < e and r[0] != 93 and r[0] != 44 and r[0] != 32:
            r += 1
        if r < e and r[0] == 93:
            ip.s, ip.e = q + 2, r
            q = r + 1
    elif begins_with(q, e, b" (", 2):
        r = q + 2
        while r < e and kind_of_byte[r[0]] & 64:
            r += 1
        if r > q + 2 and r < e and r[0] == 41:
            ip.s, ip.e = q + 2, r
            q = r + 1
    if begins_with(q, e, b" (may be forged)", 16):
        q += 16
    if side == NOTHING or (side == RELAY and ip.s == NULL and is_own_mailer(f)):
        return q
    if name.s[0] == 91:
        name.s += 1
        name.e -= 1
        if ip.s == NULL or ip.s == ip.e:
            ip = name
        if side == RELAY:
            if begins_with(name.s, name.e, b"IPv6:", 5):
                name.s += 5
            put(f, C_RELAY_HOST, name.s, name.e)
    else:
        r = rfind_text(name.s, name.e, b"@", 1)
        if r != NULL:
            name.s = r + 1
        while name.s < name.e and name.s[0] == 39:
            name.s += 1
        while name.s < name.e and last_of(name.e) == 39:
            name.e -= 1
        if name.s < name.e and last_of(name.e) == 46:
            name.e -= 1
        if name.s < name.e:
            put(f, C_RELAY_HOST if side == RELAY else C_CLIENT_HOST, name.s, name.e)
    if ip.s != NULL and ip.s < ip.e:
        put_address(f, C_RELAY_IP if side == RELAY else C_CLIENT_IP, ip.s, ip.e)
    return q


cdef cp scan(Machine* m, Fields* f, int kind, int slot, int beside, cp p, cp e) noexcept nogil:
    cdef cp q
    if kind == SCAN_EXIM_WORD:
        q = skip_run(p, e)
        if q == p:
            return NULL
        save_text(m, f, slot, p, q)
        return q
    if kind == SCAN_EXIM_HOST:
        return exim_host(m, f, slot, p, e)
    if kind == SCAN_EXIM_RECIPIENT:
        return exim_recipient(m, f, slot, p, e)
    if kind == SCAN_EXIM_SENDER:
        return exim_sender(f, slot, p, e)
    if kind == SCAN_EXIM_PAIR:
        return exim_pair(f, slot, beside, p, e)
    if kind == SCAN_EXIM_PLACE:
        return exim_place(f, slot, m.base, p, e)
    if kind == SCAN_EXIM_COMMAND:
        return exim_command(m, f, slot, p, e)
    if kind == SCAN_EXIM_STAGE:
        return exim_stage(m, f, p, e)
    if kind == SCAN_PLAIN_WORDS:
        return plain_words(m, f, slot, p, e)
    if kind == SCAN_SENDMAIL_MAILBOXES:
        return sendmail_mailboxes(m, f, slot, p, e)
    if kind == SCAN_SENDMAIL_ADDRESS:
        return sendmail_address(f, slot, p, e)
    if kind == SCAN_SENDMAIL_SENDER:
        return sendmail_sender(f, slot, p, e)
    if kind == SCAN_SENDMAIL_REPLY:
        return sendmail_reply(m, f, slot, p, e)
    if kind == SCAN_SENDMAIL_RELAY:
        return sendmail_relay(f, slot, p, e)
    return NULL
