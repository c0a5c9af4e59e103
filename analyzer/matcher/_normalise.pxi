# Normalised text: `replies.normalise` byte by byte, in one pass. There stand the patterns, here what each of them takes.
# A byte beyond ASCII is a part of a word. Every function gives the place behind what its mask covers, or NULL.

cdef enum:
    MOST_QUOTED = 128  # characters of a quoted local part
    NORMALISED_ROOM = 3  # times the text's length, and a little more: `a@b` becomes `<address>`


cdef inline bint is_wide(uint8_t c) noexcept nogil:
    """A part of a word."""
    return c >= 128 or is_word(c)


cdef inline bint is_white(uint8_t c) noexcept nogil:
    return c == 32 or 9 <= c <= 13


cdef inline bint is_local(uint8_t c) noexcept nogil:
    """May stand in an unquoted local part: neither white nor one of <>()[]{}"',;: ."""
    if is_alnum(c):
        return True
    return not (
        is_white(c) or c == 60 or c == 62 or c == 40 or c == 41 or c == 91 or c == 93 or c == 123 or c == 125 or c == 34
        or c == 39 or c == 44 or c == 59 or c == 58
    )


cdef inline bint ends_word(cp p, cp e) noexcept nogil:
    return p >= e or not is_wide(p[0])


cdef inline bint follows_word(cp s, cp p) noexcept nogil:
    return p > s and is_wide(last_of(p))


cdef cp url_body(cp p, cp e) noexcept nogil:
    cdef cp start = p
    while p < e and not (is_white(p[0]) or p[0] == 60 or p[0] == 62 or p[0] == 34 or p[0] == 39 or p[0] == 41 or p[0] == 93):
        p += 1
    return p if p > start else NULL


cdef cp url_at(cp p, cp e, cp* failed) noexcept nogil:
    """`scheme://body` or `www.body` at a letter; up to `failed` no scheme begins."""
    cdef cp q = p
    if p >= failed[0]:
        while q < e and (is_alnum(q[0]) or q[0] == 43 or q[0] == 46 or q[0] == 45):
            q += 1
        if begins_with(q, e, b"://", 3):
            q = url_body(q + 3, e)
            if q != NULL:
                return q
        else:
            failed[0] = q
    if e - p > 4 and lower(p[0]) == 119 and lower(p[1]) == 119 and lower(p[2]) == 119 and p[3] == 46:
        return url_body(p + 4, e)
    return NULL


cdef cp address_domain(cp p, cp e) noexcept nogil:
    """A domain or an address literal behind an @."""
    cdef cp q = p
    if p < e and p[0] == 91:
        q += 1
        while q < e and q[0] != 93 and not is_white(q[0]):
            q += 1
        return q + 1 if q < e and q[0] == 93 else NULL
    while q < e and (is_wide(q[0]) or q[0] == 46 or q[0] == 45):
        q += 1
    while q > p and not is_wide(last_of(q)):
        q -= 1
    return q if q > p else NULL


cdef cp address_at(cp s, cp p, cp e) noexcept nogil:
    cdef cp start = p
    cdef cp end
    cdef cp found
    cdef int count = 0
    if p[0] == 60:
        p += 1
        if p >= e:
            return NULL
    if p[0] == 34:
        p += 1
        while p < e and p[0] != 34 and count < MOST_QUOTED:
            p += 2 if p[0] == 92 else 1
            while p < e and (p[0] & 0xC0) == 0x80:
                p += 1
            count += 1
        if e - p < 2 or p[0] != 34 or p[1] != 64:
            return NULL
        found = address_domain(p + 2, e)
    else:
        if not is_local(p[0]) or (p == start and p > s and is_local(last_of(p))):
            return NULL
        end = p
        while end < e and is_local(end[0]):
            end += 1
        start, found = p, NULL
        p = end
        while found == NULL:
            p = <cp>rfind_text(start + 1, p, b"@", 1) if p - start > 1 else NULL
            if p == NULL:
                return NULL
            found = address_domain(p + 1, e)
    if found == NULL:
        return NULL
    return found + 1 if found < e and found[0] == 62 else found


cdef cp ip4_at(cp s, cp p, cp e) noexcept nogil:
    cdef cp q
    cdef int group
    if p[0] == 91:
        p += 1
    elif follows_word(s, p):
        return NULL
    for group in range(4):
        q = p
        while q < e and q - p < 3 and is_digit(q[0]):
            q += 1
        if q == p:
            return NULL
        if group < 3:
            if q >= e or q[0] != 46:
                return NULL
            q += 1
        p = q
    if not ends_word(p, e):
        return NULL
    return p + 1 if p < e and p[0] == 93 else p


cdef inline bint is_hex(uint8_t c) noexcept nogil:
    return is_digit(c) or 97 <= (c | 32) <= 102


cdef cp ip6_at(cp s, cp p, cp e) noexcept nogil:
    cdef bint bracketed = p[0] == 91
    cdef cp q
    cdef cp start
    cdef int groups = 0, length
    if bracketed:
        p += 1
    elif p > s and (is_wide(last_of(p)) or last_of(p) == 58 or last_of(p) == 46):
        return NULL
    if begins_with(p, e, b"IPv6:", 5):
        p += 5
    start = q = p
    while q < e and q - p < 40 and (is_hex(q[0]) or q[0] == 58):
        q += 1
    if q - p < 3 or q - p > 39 or (q < e and (is_wide(q[0]) or q[0] == 58)):
        return NULL
    if find_text(p, q, b"::", 2) == NULL:
        while groups < 7:
            length = 0
            while p < q and length < 5 and is_hex(p[0]):
                p += 1
                length += 1
            if length < 1 or length > 4 or p >= q or p[0] != 58:
                return NULL
            p += 1
            groups += 1
    if bracketed:
        return q + 1 if q < e and q[0] == 93 else NULL
    return q


cdef inline bint digits_at(cp p, cp e, int count) noexcept nogil:
    cdef int i
    if e - p < count:
        return False
    for i in range(count):
        if not is_digit(p[i]):
            return False
    return True


cdef cp clock_at(cp p, cp e) noexcept nogil:
    """`:dd` and perhaps another one."""
    if p >= e or p[0] != 58 or not digits_at(p + 1, e, 2):
        return NULL
    p += 3
    return p + 3 if p < e and p[0] == 58 and digits_at(p + 1, e, 2) else p


cdef cp date_at(cp p, cp e) noexcept nogil:
    cdef cp q
    if e - p < 10 or not digits_at(p, e, 4) or p[4] != 45 or not digits_at(p + 5, e, 2) or p[7] != 45 or not digits_at(p + 8, e, 2):
        return NULL
    p += 10
    if p < e and (p[0] == 84 or p[0] == 32) and digits_at(p + 1, e, 2):
        q = clock_at(p + 3, e)
        if q != NULL:
            if e - q >= 2 and q[0] == 46 and is_digit(q[1]):
                q = skip_digits(q + 1, e)
            if q < e and q[0] == 90:
                q += 1
            elif q < e and (q[0] == 43 or q[0] == 45) and digits_at(q + 1, e, 2):
                if digits_at(q + 3, e, 2):
                    q += 5
                elif e - q >= 6 and q[3] == 58 and digits_at(q + 4, e, 2):
                    q += 6
            if ends_word(q, e):
                return q
    return p if ends_word(p, e) else NULL


cdef cp time_at(cp p, cp e) noexcept nogil:
    cdef cp q = p + 1
    if q < e and is_digit(q[0]):
        q += 1
    q = clock_at(q, e)
    return q if q != NULL and ends_word(q, e) else NULL


cdef cp host_at(cp p, cp e, cp* failed) noexcept nogil:
    """Labels and a last one of letters; up to `failed` no host begins."""
    cdef cp q = p
    cdef cp t
    cdef cp found = NULL
    cdef bint letter = False, first = True
    while True:
        if q >= e or not is_word(q[0]):
            break
        p = q
        while q < e and (is_wide(q[0]) or q[0] == 45):
            letter = letter or is_letter(q[0])
            q += 1
        if first and not letter:
            return NULL
        first = False
        if q >= e or q[0] != 46 or not is_wide(last_of(q)):
            break
        q += 1
        t = q
        while t < e and t - q < 24 and is_letter(t[0]):
            t += 1
        if t - q >= 2 and ends_word(t, e) and not (t < e and t[0] == 64):
            found = t
    if found == NULL:
        failed[0] = q
        return NULL
    if found < e and found[0] == 46 and (e - found < 2 or not (is_wide(found[1]) or found[1] == 64)):
        return found + 1
    return found


cdef cp id_at(cp s, cp p, cp e) noexcept nogil:
    cdef cp q = p
    cdef bint digit = False
    cdef int count = 0
    cdef uint8_t before = last_of(p) if p > s else 0
    if p > s and (is_wide(before) or before == 60 or before == 43 or before == 47 or before == 45):
        return NULL
    while q < e and (is_wide(q[0]) or q[0] == 43 or q[0] == 47 or q[0] == 45):
        digit = digit or is_digit(q[0])
        count += (q[0] & 0xC0) != 0x80
        q += 1
    if count < 6 or not digit:
        return NULL
    while q < e and q[0] == 61:
        q += 1
    return NULL if q < e and q[0] == 62 else q


cdef cp number_mask(cp s, cp p, cp e) noexcept nogil:
    cdef cp q
    if p > s and (is_wide(last_of(p)) or last_of(p) == 60 or last_of(p) == 46):
        return NULL
    p = skip_digits(p, e)
    while e - p >= 2 and p[0] == 46 and is_digit(p[1]):
        q = skip_digits(p + 1, e)
        if q < e and (is_wide(q[0]) or q[0] == 62):
            break
        p = q
    return NULL if p < e and (is_wide(p[0]) or p[0] == 62) else p


cdef int64_t write_mask(uint8_t* to, const char* mask) noexcept nogil:
    cdef int64_t n = 0
    while mask[n]:
        to[n] = mask[n]
        n += 1
    return n


cdef inline bint ends_plainly(cp p, cp e) noexcept nogil:
    """Whether letters that end here are just a word: what follows is no part of an address, a name, an ID or a URL."""
    if p < e and p[0] == 46:
        p += 1
        return p >= e or is_white(p[0])
    if p >= e or is_white(p[0]):
        return True
    return (
        p[0] == 44 or p[0] == 59 or p[0] == 40 or p[0] == 41 or p[0] == 60 or p[0] == 62 or p[0] == 91 or p[0] == 93
        or p[0] == 123 or p[0] == 125 or p[0] == 34 or p[0] == 39
    )


cdef int64_t normalise_bytes(cp s, cp e, uint8_t* to) noexcept nogil:
    """Write the normalised text of valid UTF-8, at most NORMALISED_ROOM times its length and 16 bytes; its length."""
    cdef int64_t n = 0
    cdef cp p = s
    cdef cp q
    cdef cp no_scheme = s
    cdef cp no_host = s
    cdef bint at_word, blank = False
    cdef bint has_at = memchr(s, 64, e - s) != NULL
    cdef const char* mask = b""
    if find_text(s, e, b"://", 3) == NULL:
        no_scheme = e
    while p < e:
        if is_white(p[0]):
            blank = n > 0
            p += 1
            continue
        if blank:
            to[n] = 32
            n += 1
            blank = False
        at_word = not follows_word(s, p)
        if at_word and is_letter(p[0]):
            q = p + 1
            while q < e and is_letter(q[0]):
                q += 1
            if ends_plainly(q, e):
                copy_bytes(to + n, p, q - p)
                n += q - p
                p = q
                continue
        q = NULL
        if at_word and is_letter(p[0]):
            q, mask = url_at(p, e, &no_scheme), b"<url>"
        if q == NULL and has_at:
            q, mask = address_at(s, p, e), b"<address>"
        if q == NULL and (is_digit(p[0]) or p[0] == 91):
            q, mask = ip4_at(s, p, e), b"<ip>"
        if q == NULL and (is_hex(p[0]) or p[0] == 91 or p[0] == 58 or p[0] == 73):
            q, mask = ip6_at(s, p, e), b"<ip>"
        if q == NULL and at_word and is_digit(p[0]):
            q, mask = date_at(p, e), b"<time>"
            if q == NULL:
                q = time_at(p, e)
        if q == NULL and at_word and p >= no_host and is_word(p[0]):
            q, mask = host_at(p, e, &no_host), b"<host>"
        if q == NULL and (is_wide(p[0]) or p[0] == 43 or p[0] == 47 or p[0] == 45):
            q, mask = id_at(s, p, e), b"<id>"
        if q == NULL and is_digit(p[0]):
            q, mask = number_mask(s, p, e), b"<n>"
        if q != NULL:
            n += write_mask(to + n, mask)
            p = q
            continue
        # No mask begins within a word.
        to[n] = p[0]
        n += 1
        p += 1
        if is_wide(last_of(p)):
            while p < e and is_wide(p[0]):
                to[n] = p[0]
                n += 1
                p += 1
    return n


def normalised(bytes text):
    """The normalised text of valid UTF-8."""
    cdef int64_t n = len(text)
    cdef bytearray made = bytearray(NORMALISED_ROOM * n + 16)
    cdef cp s = <cp><const char*>text
    return bytes(made[: normalise_bytes(s, s + n, <uint8_t*><char*>made)])
