# The scanner: runs the templates over the lines of a block, without the GIL but for names that it meets for the first time.

@cython.final
cdef class Scanner:
    """Runs a program over blocks of lines; one for each thread. ``programs`` and ``hosts`` name what they are asked for.

    ``programs(tag)`` gives (group, daemon, agents, mta, instance, process) or, of a program that is no MTA's, (-1, daemon);
    ``hosts(word)`` whether the word in a host's place is none.
    """

    cdef Work* work
    cdef object program, programs, hosts, error
    cdef list tables, names

    def __cinit__(self):
        self.work = <Work*>calloc(1, sizeof(Work))
        if self.work == NULL:
            raise MemoryError
        self.tables = []
        self.names = []

    def __dealloc__(self):
        if self.work != NULL:
            self.forget_names()
            free(self.work.machine.scratch)
            free_dictionary(&self.work.tags)
            free_dictionary(&self.work.hosts)
            free(self.work.silent)
            free(self.work.tag)
            free(self.work.host_is_none)
            free(self.work.left)
            free(self.work)

    def __init__(self, program, programs, hosts, failures, shaped, deliveries, wanted=COLUMNS, seen=False):
        cdef Work* w = self.work
        cdef Machine* m = &w.machine
        cdef int slot, number
        if not _kept_alive:
            raise RuntimeError("call set_up first: the widths of the columns are not known yet")
        self.program, self.programs, self.hosts = program, programs, hosts
        m.literals = <cp>self.pin(bytes(program.literals))
        m.classes = <cp>self.pin(bytes(program.classes) or bytes(256))
        m.ops = <int32_t*>self.pin(program.ops.tobytes())
        m.words = <int32_t*>self.pin(program.words.tobytes())
        m.lists = <int32_t*>self.pin(program.lists.tobytes())
        m.keys = <int32_t*>self.pin(program.keys.tobytes())
        m.flags = <int32_t*>self.pin(program.flags.tobytes())
        m.rules = <int32_t*>self.pin(program.rules.tobytes())
        m.choices = <int32_t*>self.pin(program.choices.tobytes())
        m.fills = <int32_t*>self.pin(program.fills.tobytes())
        m.subs = <int32_t*>self.pin(program.subs.tobytes())
        m.templates = <int32_t*>self.pin(program.templates.tobytes())
        m.candidates = <int32_t*>self.pin(program.candidates.tobytes())
        m.order = <int32_t*>self.pin(program.order.tobytes())
        m.first = <int32_t*>self.pin(program.first.tobytes())
        m.groups = <int32_t*>self.pin(program.groups.tobytes())
        m.in_reply, m.in_replies = program.in_reply
        m.stage_words, m.stage_word_count = program.exim_stages
        m.room = 1 << 20
        m.scratch = <uint8_t*>malloc(m.room)
        if m.scratch == NULL:
            raise MemoryError
        for name, words in program.closed.items():
            slot = SLOT_OF[name]
            m.code_slots |= bit(slot)
            for number, word in enumerate(words):
                text = word.encode()
                m.closed[slot][number].s = <cp>self.pin(text)
                m.closed[slot][number].e = m.closed[slot][number].s + len(text)
        for name in program.numbers:
            m.number_slots |= bit(SLOT_OF[name])
        m.speaker_remote = program.closed["speaker"].index("remote")
        m.speaker_local = program.closed["speaker"].index("local")
        m.event_deferred = program.closed["event"].index("deferred")
        m.event_bounced = program.closed["event"].index("bounced")
        m.origin_own = program.closed["reply_origin"].index("own")
        w.delivered = program.closed["event"].index("delivered")
        w.speaker_remote = m.speaker_remote
        w.stage_eod = program.closed["stage"].index("eod")
        w.origin_wire = program.closed["reply_origin"].index("wire")
        for word in failures:
            w.failures |= <uint64_t>1 << <int>program.closed["event"].index(word)
        for word in shaped:
            w.shaped |= <uint64_t>1 << <int>program.closed["event"].index(word)
        for word in deliveries:
            w.deliveries |= <uint64_t>1 << <int>program.closed["event"].index(word)
        for name in wanted:
            w.wanted |= bit(SLOT_OF[name])
        w.combining = w.wanted & bit(C_WEIGHT) != 0
        w.screened = program.closed["event"].index("screened")
        w.info = program.closed["event"].index("info")
        for word in ("disconnected", "removed", "tls", "info", "authenticated", "notified"):
            w.plain |= <uint64_t>1 << <int>program.closed["event"].index(word)
        # A column that nobody asks for need not be read, if nothing follows from it.
        m.kept = w.wanted
        for name in program.asked:
            if name in SLOT_OF:
                m.kept |= bit(SLOT_OF[name])
        m.kept |= (
            bit(C_TEXT) | bit(C_EVENT) | bit(C_SPEAKER) | bit(C_STAGE) | bit(C_REPLY_CODE) | bit(C_ENHANCED_CODE) | bit(C_DSN)
            | bit(C_REPLY_ORIGIN) | bit(C_RECIPIENT) | bit(C_SENDER) | bit(C_RELAY_HOST) | bit(C_TRANSPORT) | bit(C_QUEUE_ID)
            | bit(C_RELAY_PORT) | bit(C_NRCPT)
        )
        w.seen = seen
        w.tags.last = w.hosts.last = -1
        w.silent = <int64_t*>calloc(len(program.names) + 1, sizeof(int64_t))
        if w.silent == NULL:
            raise MemoryError

    cdef const void* pin(self, bytes data):
        """Keep bytes alive as long as this object."""
        self.tables.append(data)
        return <const char*>data

    cdef void forget_names(self):
        empty_dictionary(&self.work.tags)
        empty_dictionary(&self.work.hosts)
        self.names = []

    # ---- names, asked for once
    cdef int tag_number(self, cp s, cp e) noexcept nogil:
        cdef bint fresh
        cdef int n = code_of(&self.work.tags, s, e - s, &fresh)
        if n >= 0 and fresh:
            self.resolve_tag(n, s, e)
        return n

    cdef void resolve_tag(self, int n, cp s, cp e) noexcept with gil:
        cdef Work* w = self.work
        cdef Tag* larger
        cdef Tag* tag
        try:
            if n >= w.tag_room:
                larger = <Tag*>realloc(w.tag, (2 * w.tag_room + 64) * sizeof(Tag))
                if larger == NULL:
                    raise MemoryError
                w.tag = larger
                w.tag_room = 2 * w.tag_room + 64
            tag = &w.tag[n]
            memset(tag, 0, sizeof(Tag))
            tag.group = -1
            answer = self.programs(<bytes>s[: e - s])
            self.names.append(answer)
            tag.group, tag.daemon = answer[0], answer[1]
            if tag.group >= 0:
                tag.agents = answer[2]
                self.keep(answer[3], &tag.mta)
                self.keep(answer[4], &tag.instance)
                self.keep(answer[5], &tag.process)
        except BaseException as error:
            self.error = error

    cdef void keep(self, str text, Span* span):
        encoded = text.encode("utf-8", "backslashreplace")
        self.names.append(encoded)
        span.s = <cp><const char*><bytes>encoded
        span.e = span.s + len(encoded)

    cdef int host_number(self, Span* host) noexcept nogil:
        """The number of what stands in a host's place; -1 without memory."""
        cdef bint fresh
        cdef int n = code_of(&self.work.hosts, host.s, host.e - host.s, &fresh)
        if n >= 0 and fresh:
            self.resolve_host(n, host.s, host.e)
        return n

    cdef void resolve_host(self, int n, cp s, cp e) noexcept with gil:
        cdef Work* w = self.work
        cdef uint8_t* larger
        try:
            if n >= w.host_room:
                larger = <uint8_t*>realloc(w.host_is_none, 2 * w.host_room + 64)
                if larger == NULL:
                    raise MemoryError
                w.host_is_none = larger
                w.host_room = 2 * w.host_room + 64
            w.host_is_none[n] = self.hosts(<bytes>s[: e - s])
        except BaseException as error:
            self.error = error

    # ---- lines
    cdef int line(self, Block* b, int64_t number, cp p, cp e, bint high, int* own_tag) noexcept nogil:
        cdef Work* w = self.work
        cdef Machine* m = &w.machine
        cdef Frame f
        cdef Tag* tag
        cdef int traits
        cdef cp end = e
        cdef int host = -1
        m.used = 0
        m.declined = False
        own_tag[0] = -1
        if end > p and last_of(end) == 13:
            end -= 1
        if not frame_line(&w.stamps, p, end, &f, 0):
            return LINE_DECLINED
        own_tag[0] = self.tag_number(f.tag.s, f.tag.e)
        if own_tag[0] < 0:
            return LINE_DECLINED
        if f.host.s != NULL:
            host = self.host_number(&f.host)
            if host < 0 or w.host_is_none[host]:
                if host < 0 or f.loose:
                    return LINE_DECLINED
                host = -1
                f.host.s = NULL
        if self.error is not None:
            return LINE_DECLINED
        tag = &w.tag[own_tag[0]]
        if f.tag.s < f.tag.e and not behind_marks(&w.stamps, &f, tag.daemon):
            return LINE_DECLINED
        if tag.group < 0:
            return LINE_OTHER
        traits = m.groups[3 * tag.group + 2]
        if traits & TRAIT_SPLIT and f.e - f.s >= 2 and f.s[0] == 91 and is_digit(f.s[1]):
            return LINE_DECLINED
        if traits & TRAIT_ECHOED and f.tag.s < f.tag.e:
            return LINE_DECLINED
        if traits & TRAIT_SECOND_FILES and w.seen:
            return LINE_DECLINED
        if traits & TRAIT_UNDOUBLE and not undouble(m, &f):
            return LINE_DECLINED
        if traits & TRAIT_NUMBERED and is_numbered(f.s, f.e):
            return LINE_DECLINED
        if not recognise(m, tag.group, f.s, f.e):
            return LINE_DECLINED if m.declined or f.tag.s == f.tag.e else LINE_UNRECOGNISED
        if f.tag.s == f.tag.e and w.first_bare == 0:
            w.first_bare = number
        if not has(&m.line, C_EVENT):
            w.silent[m.template] += 1
            return LINE_NO_EVENT
        if w.combining and is_like_another(w, b, &f, own_tag[0], host):
            return LINE_EVENTS
        return LINE_EVENTS if row_of(w, b, &f, tag, host, number, p, e, high) else LINE_DECLINED

    cdef bint lines(self, Block* b, cp start, cp e, int64_t* count) noexcept nogil:
        """Every line of a block; False without memory."""
        cdef Work* w = self.work
        cdef cp p = start
        cdef cp q
        cdef int kind, own_tag = -1
        cdef int64_t number = 0, rows
        cdef bint high = False
        cdef cp looked = start  # up to here lines are known to hold bytes beyond ASCII, or none
        while p < e:
            q = <cp>memchr(p, 10, e - p)
            if q == NULL:
                q = e
            number += 1
            rows = b.rows
            if q > looked:
                looked = q if e - p <= 4096 or q - p > 4096 else p + 4096
                high = has_high(p, looked)
            kind = self.line(b, number, p, q, high, &own_tag)
            if kind >= LINE_UNRECOGNISED:
                if not leave(w, kind, number, rows, p - start, q - start, own_tag):
                    return False
            else:
                w.tag[own_tag].counts[kind] += 1
            w.current = -1 if kind == LINE_DECLINED else own_tag
            if b.failed or self.error is not None:
                return False
            p = q + 1
        count[0] = number
        mark_always(b)
        seal(b)
        return True

    def scan(self, bytes data, bint apart=False):
        """The batch of a block of whole lines; `apart` reads them in memory of exactly their length, for `tools/fuzz.py`."""
        cdef Work* w = self.work
        cdef cp start = <cp><const char*>data
        cdef uint8_t* copy = NULL
        cdef cp e
        cdef Batch batch = Batch.__new__(Batch)
        cdef Block* b
        cdef int64_t count = 0
        cdef bint complete
        cdef int64_t i
        cdef Left* one
        if w.tags.count > MOST_NAMES_KNOWN or w.hosts.count > MOST_NAMES_KNOWN:
            self.forget_names()
        for i in range(w.tags.count):
            memset(w.tag[i].counts, 0, sizeof(w.tag[i].counts))
        w.left_count = 0
        memset(w.silent, 0, len(self.program.names) * sizeof(int64_t))
        w.data = start
        for i in range(ALIKE_SLOTS):
            w.alike[i].row = -1
        w.current = -1
        w.block += 1
        w.first_bare = 0
        batch.block = b = new_block()
        if b == NULL:
            raise MemoryError
        if apart:
            copy = <uint8_t*>malloc(len(data))
            if copy == NULL:
                raise MemoryError
            memcpy(copy, start, len(data))
            start = w.data = copy
        e = start + len(data)
        with nogil:
            complete = self.lines(b, start, e, &count)
        free(copy)
        if self.error is not None:
            raise self.error
        if not complete:
            raise MemoryError
        batch.data = data
        batch.lines = count
        batch.native_rows = b.rows
        batch.first_bare = w.first_bare
        batch.last_tag = self.tag_name(w.current)
        batch.left = []
        batch.behind = []
        for i in range(w.left_count):
            one = &w.left[i]
            batch.left.append(
                (one.kind == LINE_DECLINED, one.line, one.rows, one.start, one.end, self.tag_name(one.tag), self.tag_name(one.own_tag))
            )
        batch.silent = [(name, w.silent[i]) for i, name in enumerate(self.program.names) if w.silent[i]]
        batch.counts = []
        for i in range(w.tags.count):
            for kind in range(3):
                if w.tag[i].counts[kind]:
                    batch.counts.append((self.tag_name(<int>i), kind, w.tag[i].counts[kind]))
        return batch

    cdef object tag_name(self, int n):
        cdef Dictionary* d = &self.work.tags
        if n < 0:
            return None
        return <bytes>d.data[d.offsets[n] : d.offsets[n + 1]]

    def match(self, int group, bytes message):
        """The fields of one message as the reference engine gives them; None if no template takes it, False if declined."""
        cdef Machine* m = &self.work.machine
        cdef Fields* f = &m.line
        cdef Frame frame
        cdef bytes held = bytes(message)
        m.used = 0
        m.declined = False
        frame.s = <cp><const char*>held
        frame.e = frame.s + len(held)
        if m.groups[3 * group + 2] & TRAIT_UNDOUBLE and not undouble(m, &frame):
            return False
        if not recognise(m, group, frame.s, frame.e):
            return False if m.declined else None
        fields = {}
        for slot, name in enumerate(COLUMNS):
            if not f.mask & bit(slot):
                continue
            if f.nulls & bit(slot):
                fields[name] = None
            elif m.code_slots & bit(slot):
                fields[name] = self.program.closed[name][f.v[slot]]
            elif m.number_slots & bit(slot):
                fields[name] = f.v[slot]
            elif slot == C_RECIPIENT and f.items >= 0:
                fields[name] = [<bytes>m.items[i].s[: m.items[i].e - m.items[i].s] for i in range(f.items)]
            else:
                fields[name] = <bytes>f.s[slot][: f.e[slot] - f.s[slot]]
        return fields
