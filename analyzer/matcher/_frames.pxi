# Framing: the common shapes of a log line, by fixed positions. Every other shape is the reference engine's.

cdef enum:
    CLOCK_UTC = 0
    CLOCK_LOCAL, CLOCK_YEARLESS, CLOCK_NONE
    MOST_NAMES = 300

cdef int64_t SECOND = 1000000
cdef int64_t DAY = 86400000000

cdef struct Frame:
    bint loose  # a tag without a process ID
    int64_t time
    int clock
    Span host  # NULL: none
    Span tag
    int64_t pid  # -1: none
    cp s
    cp e

cdef struct Stamps:
    uint8_t text[19]  # the last stamp read; logs repeat them
    int length
    int64_t time
    uint8_t host[64]  # the last host read, with the blank behind it
    int host_length


cdef int64_t days_since_1970(int64_t year, int month, int day) noexcept nogil:
    cdef int64_t era, of_era, of_year
    if month <= 2:
        year -= 1
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


cdef inline bint is_leap(int64_t year) noexcept nogil:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


cdef bint day_exists(int64_t year, int month, int day) noexcept nogil:
    if month < 1 or month > 12 or day < 1 or year < 1:
        return False
    if month == 2:
        return day <= (29 if is_leap(year) else 28)
    return day <= (30 if month == 4 or month == 6 or month == 9 or month == 11 else 31)


cdef bint time_of_day(cp p, int64_t* out) noexcept nogil:
    """`hh:mm:ss` at p, eight bytes that exist; microseconds."""
    cdef int hour, minute, second
    if not (
        is_digit(p[0]) and is_digit(p[1]) and p[2] == 58 and is_digit(p[3]) and is_digit(p[4]) and p[5] == 58
        and is_digit(p[6]) and is_digit(p[7])
    ):
        return False
    hour, minute, second = two_digits(p), two_digits(p + 3), two_digits(p + 6)
    out[0] = (hour * 3600 + minute * 60 + second) * SECOND
    return hour <= 23 and minute <= 59 and second <= 60


cdef int month_of(cp p) noexcept nogil:
    """Number of an English month's short name; 0 for another language's, which the reference knows."""
    cdef const char* months = b"JanFebMarAprMayJunJulAugSepOctNovDec"
    cdef int i
    for i in range(12):
        if memcmp(p, months + 3 * i, 3) == 0:
            return i + 1
    return 0


cdef bint rfc3164_stamp(Stamps* last, cp p, cp e, int64_t* time) noexcept nogil:
    """`Mmm dd hh:mm:ss`, in the leap year 2000 as if UTC."""
    cdef int month, day
    cdef int64_t clock
    if e - p < 15:
        return False
    if last.length == 15 and memcmp(p, last.text, 15) == 0:
        time[0] = last.time
        return True
    month = month_of(p)
    if month == 0 or p[3] != 32 or p[6] != 32 or not is_digit(p[5]) or not (is_digit(p[4]) or p[4] == 32):
        return False
    day = (0 if p[4] == 32 else 10 * (p[4] - 48)) + p[5] - 48
    if not day_exists(2000, month, day) or not time_of_day(p + 7, &clock):
        return False
    time[0] = days_since_1970(2000, month, day) * DAY + clock
    memcpy(last.text, p, 15)
    last.length = 15
    last.time = time[0]
    return True


cdef bint iso_stamp(Stamps* last, cp p, cp e, int64_t* time) noexcept nogil:
    """`YYYY-MM-DDThh:mm:ss`, as if UTC; T may be a blank."""
    cdef int i, year
    cdef int64_t clock
    if e - p < 19:
        return False
    if last.length == 19 and memcmp(p, last.text, 19) == 0:
        time[0] = last.time
        return True
    for i in range(10):
        if i == 4 or i == 7:
            if p[i] != 45:
                return False
        elif not is_digit(p[i]):
            return False
    if (p[10] != 84 and p[10] != 32) or not time_of_day(p + 11, &clock):
        return False
    year = two_digits(p) * 100 + two_digits(p + 2)
    if not day_exists(year, two_digits(p + 5), two_digits(p + 8)):
        return False
    time[0] = days_since_1970(year, two_digits(p + 5), two_digits(p + 8)) * DAY + clock
    memcpy(last.text, p, 19)
    last.length = 19
    last.time = time[0]
    return True


cdef cp fraction_at(cp p, cp e, int64_t* time) noexcept nogil:
    """Behind one to nine digits, of which six are added to the time; NULL if there are none or more."""
    cdef int n = 0
    cdef int64_t value = 0
    while p < e and is_digit(p[0]):
        if n < 6:
            value = value * 10 + (p[0] - 48)
        n += 1
        p += 1
    if n == 0 or n > 9:
        return NULL
    while n < 6:
        value *= 10
        n += 1
    time[0] += value
    return p


cdef bint zone_at(cp p, int64_t* east) noexcept nogil:
    """`+hh:mm` or `+hhmm` with its digits checked by the caller's length; microseconds east."""
    cdef cp minutes = p + 4 if p[3] == 58 else p + 3
    if not (is_digit(p[1]) and is_digit(p[2]) and is_digit(minutes[0]) and is_digit(minutes[1])):
        return False
    if two_digits(p + 1) > 15 or two_digits(minutes) > 59:
        return False
    east[0] = (two_digits(p + 1) * 60 + two_digits(minutes)) * 60 * SECOND
    if p[0] == 45:
        east[0] = -east[0]
    return True


cdef bint iso_word(Stamps* last, cp p, cp e, Frame* f) noexcept nogil:
    """A whole ISO 8601 stamp with T: fraction and zone may follow."""
    cdef int64_t east = 0
    if not iso_stamp(last, p, e, &f.time) or p[10] != 84:
        return False
    p += 19
    if p < e and (p[0] == 46 or p[0] == 44):
        p = fraction_at(p + 1, e, &f.time)
        if p == NULL:
            return False
    if p == e:
        f.clock = CLOCK_LOCAL
        return True
    f.clock = CLOCK_UTC
    if p[0] == 90:
        return e - p == 1
    if (p[0] != 43 and p[0] != 45) or not (e - p == 5 or (e - p == 6 and p[3] == 58)):
        return False
    if not zone_at(p, &east):
        return False
    f.time -= east
    return True


cdef inline bint is_zone(cp p, cp e) noexcept nogil:
    """Whether a word may be the zone of the stamp in front of it."""
    return (e - p == 1 and p[0] == 90) or (e - p == 3 and (begins_with(p, e, b"UTC", 3) or begins_with(p, e, b"GMT", 3)))


cdef cp names_at(Stamps* last, cp start, cp p, cp e, Frame* f) noexcept nogil:
    """`host program[pid]: ` at p; where the message begins, or NULL."""
    cdef cp q = p
    if last.host_length and begins(p, e, last.host, last.host_length):
        q = p + last.host_length - 1
    else:
        if p >= e or not is_alnum(p[0]):
            return NULL
        while q < e and kind_of_byte[q[0]] & 16:
            q += 1
        if q < e and q[0] == 32 and q - p < 64:
            last.host_length = <int>(q - p + 1)
            memcpy(last.host, p, last.host_length)
    if e - q < 2 or q[0] != 32 or not is_letter(q[1]):
        return NULL
    f.host.s, f.host.e = p, q
    p = q + 1
    q = p
    while q < e and kind_of_byte[q[0]] & 32:
        q += 1
    if q >= e:
        return NULL
    f.tag.s, f.tag.e = p, q
    if q[0] == 58:  # `name: `, of a program that tells no process ID
        if e - q < 2 or q[1] != 32 or q - start > MOST_NAMES - 50 or is_digit(f.host.s[0]) or is_zone(f.host.s, f.host.e):
            return NULL
        f.loose = True
        return q + 2
    if q[0] != 91:
        return NULL
    p = q + 1
    q = skip_digits(p, e)
    if q == p or q - p > 9 or not begins_with(q, e, b"]: ", 3) or q - start > MOST_NAMES:
        return NULL
    f.pid = whole(p, q)
    return q + 3


cdef cp own_stamp(Stamps* last, cp p, cp e, Frame* f) noexcept nogil:
    """A program's own stamp: `2026-11-24 13:14:27.123 +0000 [12] `; behind it, or NULL. Sets time, clock and pid."""
    cdef int64_t east = 0
    cdef cp q
    f.pid = -1
    if not iso_stamp(last, p, e, &f.time) or p[10] != 32:
        return NULL
    f.clock = CLOCK_LOCAL
    p += 19
    if p < e and p[0] == 46:
        p = fraction_at(p + 1, e, &f.time)
        if p == NULL:
            return NULL
    if e - p >= 6 and p[0] == 32 and (p[1] == 43 or p[1] == 45) and skip_digits(p + 2, e) >= p + 6:
        if not zone_at(p + 1, &east):
            return NULL
        f.time -= east
        f.clock = CLOCK_UTC
        p += 6
    if p >= e or p[0] != 32:
        return NULL
    p += 1
    if p < e and p[0] == 91:
        q = skip_digits(p + 1, e)
        if q > p + 1 and q - p <= 11 and begins_with(q, e, b"] ", 2):
            f.pid = whole(p + 1, q)
            p = q + 2
    return p


cdef bint may_be_syslog(cp p, cp e) noexcept nogil:
    """Whether what follows a program's own stamp may be a level, or a program's name with a process ID: for the reference."""
    cdef int i
    cdef cp q
    if p < e and p[0] == 60 and not (e - p >= 2 and (p[1] == 61 or p[1] == 32)):
        return True
    if p < e and p[0] == 91 and not (e - p >= 2 and is_digit(p[1])):
        return True
    q = p
    while q < e and (is_letter(q[0]) or is_digit(q[0])):
        q += 1
    if q > p and q - p <= 9 and (q == e or q[0] == 32 or q[0] == 9 or q[0] == 58 or q[0] == 46) and is_level_word(p, q):
        return True
    q = p
    for i in range(4):  # the third word at the latest would be the program
        q = <cp>memchr(q, 91, e - q)
        if q == NULL or q - p > MOST_NAMES:
            return False
        if q > p and (is_word(last_of(q)) or 45 <= last_of(q) <= 47 or last_of(q) == 64) and e - q >= 2 and is_digit(q[1]):
            return words_before(p, q) < 4
        q += 1
    return words_before(p, q) < 4


cdef int words_before(cp p, cp e) noexcept nogil:
    cdef int count = 0
    while p < e:
        count += p[0] == 32 or p[0] == 9
        p += 1
    return count


cdef bint is_level_word(cp p, cp q) noexcept nogil:
    """Whether a word may be a severity or begin with a facility."""
    cdef const char* words = (
        b" EMERG PANIC ALERT CRIT CRITICAL FATAL ERROR ERR WARNING WARN NOTICE INFO DEBUG TRACE kern user mail daemon auth"
        b" security syslog lpr news uucp cron authpriv ftp ntp audit console mark local0 local1 local2 local3 local4 local5"
        b" local6 local7 "
    )
    cdef uint8_t word[12]
    cdef int64_t n = q - p
    word[0] = 32
    memcpy(word + 1, p, n)
    word[n + 1] = 32
    return find_bytes(<cp>words, <cp>words + 240, word, n + 2) != NULL


cdef bint frame_line(Stamps* last, cp p, cp e, Frame* f, int depth) noexcept nogil:
    """Take a line apart; False for shapes that are the reference engine's."""
    cdef cp q
    cdef cp start = p
    f.host.s = f.tag.s = f.tag.e = NULL
    f.loose = False
    f.pid = -1
    if e - p < 16:
        return False
    if is_letter(p[0]):
        if p[15] != 32 or not rfc3164_stamp(last, p, e, &f.time):
            return False
        f.clock = CLOCK_YEARLESS
        f.s = names_at(last, start, p + 16, e, f)
        f.e = e
        return f.s != NULL
    if is_digit(p[0]) and p[4] == 45:
        if p[10] == 84:
            q = <cp>memchr(p, 32, e - p)
            if q == NULL or not iso_word(last, p, q, f):
                return False
            f.s = names_at(last, start, q + 1, e, f)
            f.e = e
            return f.s != NULL
        f.s = own_stamp(last, p, e, f)
        f.e = e
        if f.s == NULL or may_be_syslog(f.s, e):
            return False
        f.tag.s = f.tag.e = p
        return True
    if p[0] == 60 and depth == 0:
        q = skip_digits(p + 1, e)
        if q == p + 1 or q - p > 4 or q >= e or q[0] != 62:
            return False
        p = q + 1
        if begins_with(p, e, b"1 ", 2):
            return rfc5424_line(last, start, p + 2, e, f)
        while p < e and p[0] == 32:
            p += 1
        if p >= e or last_of(e) == 13:
            return False
        return frame_line(last, p, e, f, 1)
    if p[0] == 49 and p[1] == 32:
        return rfc5424_line(last, start, p + 2, e, f)
    return False


cdef bint rfc5424_line(Stamps* last, cp start, cp p, cp e, Frame* f) noexcept nogil:
    """Behind the version: `STAMP HOST TAG PID MSGID - message`, without structured data."""
    cdef Span words[5]
    cdef cp q
    cdef int i
    for i in range(5):
        q = <cp>memchr(p, 32, e - p) if p < e else NULL
        if q == NULL:
            return False
        words[i].s, words[i].e = p, q
        p = q + 1
    if not begins_with(p, e, b"- ", 2):
        return False
    p += 2
    if p - start > MOST_NAMES or (p < e and p[0] == 0xEF) or not iso_word(last, words[0].s, words[0].e, f):
        return False
    for i in range(1, 4):
        if words[i].s == words[i].e:
            return False
    if words[2].e - words[2].s == 1 and words[2].s[0] == 45:
        return False
    f.host = words[1]
    f.tag = words[2]
    f.pid = -1
    if skip_digits(words[3].s, words[3].e) == words[3].e and words[3].e - words[3].s < 11:
        f.pid = whole(words[3].s, words[3].e)
    if p < e and p[0] == 32:
        p += 1
    f.s, f.e = p, e
    return True


cdef bint behind_marks(Stamps* last, Frame* f, bint daemon) noexcept nogil:
    """Take off what stands in front of a syslog message: a program's own stamp. False: other marks, for the reference."""
    cdef Frame inner
    cdef cp p = f.s
    cdef cp q
    if p >= f.e:
        return True
    if p[0] == 91:
        if begins_with(p, f.e, b"[ID ", 4):
            return False
    elif p[0] == 109:
        if begins_with(p, f.e, b"message repeated ", 17):
            return False
    elif p[0] == 108 or p[0] == 76 or p[0] == 45:
        if daemon:
            return False
    elif p[0] != 49 and p[0] != 50:
        return True
    if f.e - p < 20 or p[4] != 45:
        return True
    inner.time = 0
    q = own_stamp(last, p, f.e, &inner)
    if q == NULL:
        # No stamp, or one that says nonsense: only the reference tells these apart.
        return not (is_digit(p[0]) and is_digit(p[3]) and p[7] == 45 and p[13] == 58)
    if f.pid < 0:
        f.pid = inner.pid
    f.s = q
    if inner.clock < f.clock or (inner.clock == f.clock and inner.time % SECOND):
        f.time = inner.time
        f.clock = inner.clock
    return True
