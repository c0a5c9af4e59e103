# The batch: rows of a block and what the ordered reader still does to them.

cdef int64_t NO_TIME = -(<int64_t>1 << 62)
cdef int64_t HALF_YEAR = 180 * <int64_t>86400000000
cdef int64_t SLOT = 900 * <int64_t>1000000
cdef int64_t MARCH_2000 = 951868800 * <int64_t>1000000


cdef int64_t in_year(int64_t time, int64_t year) noexcept nogil:
    """A time of the year 2000 in that year; 29 February becomes 1 March where there is none."""
    cdef int64_t moved = time + (days_since_1970(year, 1, 1) - days_since_1970(2000, 1, 1)) * DAY
    return moved - DAY if time >= MARCH_2000 and not is_leap(year) else moved


cdef make_zeros(Block* b):
    """Zeros for columns in which nothing stands, as many as the longest block so far needs."""
    global NO_VALUES, NO_VALUES_ROOM
    if (b.rows + 8) * 8 > NO_VALUES_ROOM:
        # The shorter ones stay: arrays that were handed over point to them. Each is twice as long as the one before.
        NO_VALUES_ROOM = (b.rows + 8) * 16 + 65536
        NO_VALUES = <uint8_t*>calloc(NO_VALUES_ROOM, 1)
        if NO_VALUES == NULL:
            NO_VALUES_ROOM = 0
            raise MemoryError


cdef class BlockHolder:
    """Keeps a block of rows as long as somebody may read it."""

    cdef Block* block

    def __dealloc__(self):
        if self.block != NULL:
            release_block(self.block)


@cython.final
cdef class Batch(BlockHolder):
    """The rows of a block, and what is still to be done with its other lines.

    ``left`` lists the lines that a caller must see to: (declined, else unrecognised; line in the block; rows in front of it;
    start; end; program of the line before if that was not left too; program of the line). ``counts`` are (program, kind,
    lines), ``silent`` (MTA and template, lines).
    """

    cdef readonly bytes data
    cdef readonly list left, counts, silent
    cdef readonly int64_t lines, native_rows, first_bare
    cdef readonly object last_tag
    cdef readonly str file
    cdef readonly int file_no
    cdef bint gaps  # rows were taken out
    cdef list behind  # of each appended row: the native rows in front of it

    def __len__(self):
        return self.block.rows

    def append(self, dict row, int64_t behind):
        """Add a row of the reference engine, which stands behind so many of the compiled one's."""
        cdef Block* b = self.block
        cdef int64_t n = b.rows
        cdef int slot
        cdef bytes text
        cdef cp s
        if n >= b.capacity and not more_rows(b):
            raise MemoryError
        for name, value in row.items():
            if value is None or name not in SLOT_OF:
                continue
            slot = SLOT_OF[name]
            if KINDS_OF[slot] == KIND_TEXT or KINDS_OF[slot] == KIND_CATEGORY:
                text = value if isinstance(value, bytes) else value.encode("utf-8", "backslashreplace")
                s = <cp><const char*>text
                if b.columns[slot].shared != NULL:
                    self.append_closed(slot, n, s, len(text))
                elif KINDS_OF[slot] == KIND_CATEGORY:
                    set_category(b, slot, n, s, s + len(text), True)
                else:
                    set_text(b, slot, n, s, s + len(text), True)
            else:
                set_number(b, slot, n, value)
        b.clocks[n] = 0
        b.rows += 1
        self.behind.append(behind)
        if b.failed:
            raise MemoryError

    cdef void append_closed(self, int slot, int64_t row, cp s, int64_t length):
        cdef Dictionary* d = self.block.columns[slot].shared
        cdef int64_t i
        for i in range(d.count):
            if d.offsets[i + 1] - d.offsets[i] == length and memcmp(d.data + d.offsets[i], s, length) == 0:
                set_number(self.block, slot, row, i)

    def resolve(self, int64_t first, int64_t last, timeline):
        """Make the times of these rows points in time, in the order of lines. What is rare is asked of ``timeline``."""
        cdef Column* c = &self.block.columns[C_TIME]
        cdef int64_t* times = <int64_t*>c.values
        cdef uint8_t* clocks = self.block.clocks
        cdef int64_t i, time, local, slot = -1, offset = 0
        cdef int64_t year, yearless, dated, utc
        cdef bint fits
        cdef int clock
        if first >= last:
            return
        year, yearless, dated, utc = timeline.state()
        for i in range(first, last):
            time = times[i]
            clock = clocks[i] & CLOCK_BITS
            if clock == CLOCK_UTC:
                dated = time
                continue
            fits = True
            local = time
            if clock == CLOCK_LOCAL:
                dated = time
            elif year != NO_TIME and -HALF_YEAR <= time - yearless <= HALF_YEAR:
                yearless = time
                local = in_year(time, year)
            else:
                fits = False
            if fits and local >= 0 and local // SLOT == slot:
                times[i] = utc = local - offset
                continue
            timeline.restore(year, yearless, dated, utc)
            answer = timeline.utc_of(time, clock)
            year, yearless, dated, utc = timeline.state()
            slot = -1
            if answer is None:
                c.valid[i >> 3] &= ~(1 << (i & 7))
                c.count -= 1
                times[i] = 0
                continue
            times[i] = answer
            if clock == CLOCK_YEARLESS:
                local = in_year(time, year) if yearless == time else -1
            if local >= 0:
                plain = timeline.offset_of(local)  # None: clocks change in this quarter of an hour
                if plain is not None:
                    slot, offset = local // SLOT, plain
        timeline.restore(year, yearless, dated, utc)

    cdef object value(self, int slot, int64_t row):
        cdef Column* c = &self.block.columns[slot]
        cdef Dictionary* d
        cdef Span text
        cdef int32_t k
        if is_null(c, row):
            return None
        if c.kind == KIND_TEXT:
            text_in(c, row, &text)
            return <bytes>text.s[: text.e - text.s]
        if c.kind == KIND_CATEGORY:
            d = c.shared if c.shared != NULL else &c.dictionary
            k = (<int32_t*>c.values)[row]
            return (<bytes>d.data[d.offsets[k] : d.offsets[k + 1]]).decode()
        if c.kind == KIND_INT16:
            return (<int16_t*>c.values)[row]
        return None

    def keep(self, Batch other, int64_t row, int64_t lines_before):
        """Add a copy of another batch's row, which is taken out there; the place of the copy."""
        cdef Block* b = self.block
        if b.rows >= b.capacity and not more_rows(b):
            raise MemoryError
        copy_row(other.block, row, b, b.rows)
        (<int64_t*>b.columns[C_LINE].values)[b.rows] += lines_before
        self.copy_raw(other, row)
        b.clocks[b.rows] = 0
        other.block.clocks[row] |= ROW_GONE
        other.gaps = True
        b.rows += 1
        if b.failed:
            raise MemoryError
        return b.rows - 1

    cdef copy_raw(self, Batch other, int64_t row):
        """Write out the line that the last row points to: the block in which it stands goes away."""
        cdef Column* c = &other.block.columns[C_RAW_AT]
        cdef int64_t at
        cdef cp data = <cp><const char*>other.data
        cdef cp e = data + len(other.data)
        cdef cp end
        if is_null(c, row):
            return
        at = (<int64_t*>c.values)[row]
        c = &self.block.columns[C_RAW_AT]
        c.valid[self.block.rows >> 3] &= ~(1 << (self.block.rows & 7))
        c.count -= 1
        end = <cp>memchr(data + at, 10, e - data - at)
        put_raw(self.block, self.block.rows, data + at, e if end == NULL else end, True)

    def bring(self, Batch other, int64_t row, int64_t behind, str origin):
        """Add a copy of a row that was kept in another batch, with its reply's origin as it is known now."""
        cdef Block* b = self.block
        cdef Dictionary* d = b.columns[C_REPLY_ORIGIN].shared
        cdef bytes text = origin.encode()
        if b.rows >= b.capacity and not more_rows(b):
            raise MemoryError
        copy_row(other.block, row, b, b.rows)
        if value_at(b, C_REPLY_ORIGIN, b.rows) != NULL:
            b.columns[C_REPLY_ORIGIN].count -= (other.block.columns[C_REPLY_ORIGIN].valid[row >> 3] >> (row & 7)) & 1
            (<int32_t*>b.columns[C_REPLY_ORIGIN].values)[b.rows] = known_code(d, <cp><const char*>text, len(text))
        b.clocks[b.rows] = 0
        self.behind.append(behind)
        b.rows += 1
        if b.failed:
            raise MemoryError

    def reach(self):
        """The first and the last time of the rows, None if none has one."""
        cdef Column* c = &self.block.columns[C_TIME]
        cdef int64_t* times = <int64_t*>c.values
        cdef int64_t i, low = 0, high = 0
        cdef bint any_time = False
        cdef Column* lasted = &self.block.columns[C_LASTED]
        for i in range(self.block.rows if c.values != NULL else 0):
            if (c.valid[i >> 3] >> (i & 7)) & 1:
                if not any_time:
                    low = high = times[i]
                    any_time = True
                low = min(low, times[i])
                high = max(high, times[i])
                if lasted.count and (lasted.valid[i >> 3] >> (i & 7)) & 1:
                    high = max(high, times[i] + (<int64_t*>lasted.values)[i])
        return (low, high) if any_time else None

    def texts(self, str column):
        """The texts of a dictionary column."""
        cdef Dictionary* d = &self.block.columns[SLOT_OF[column]].dictionary
        return [(<bytes>d.data[d.offsets[i] : d.offsets[i + 1]]).decode() for i in range(d.count)]

    def finish(self, str file, int file_no, int64_t lines_before, since, until):
        """Complete the columns; leave out the rows outside of since and until. `put_in_order` may follow."""
        cdef Block* b = self.block
        cdef Column* c = &b.columns[C_LINE]
        cdef int64_t i
        if c.values != NULL:
            for i in range(self.native_rows):
                (<int64_t*>c.values)[i] += lines_before
        self.file, self.file_no = file, file_no
        self.constant(C_FILE, file.encode("utf-8", "backslashreplace"), 0)
        self.constant(C_FILE_NO, None, file_no)
        seal(b)
        if since is not None or until is not None:
            self.arrange(since, until)
        make_zeros(self.block)
        if self.block.failed:
            raise MemoryError

    cdef put_in_order(self):
        """Put the rows into the order of their lines, without those that were taken out; tallies need neither."""
        if self.behind or self.gaps:
            self.arrange(None, None)

    cdef constant(self, int slot, object text, int32_t value):
        cdef Block* b = self.block
        cdef Column* c = &b.columns[slot]
        cdef bint fresh
        cdef int64_t i
        if b.rows == 0:
            return
        if c.values == NULL and not open_column(b, c):
            raise MemoryError
        empty_dictionary(&c.dictionary)
        if text is not None:
            value = code_of(&c.dictionary, <cp><const char*>text, len(text), &fresh)
        for i in range(b.rows):
            (<int32_t*>c.values)[i] = value
        memset(c.valid, 255, (b.rows + 7) >> 3)
        c.count = b.rows

    cdef arrange(self, since, until):
        cdef Block* b = self.block
        cdef Column* c = &b.columns[C_TIME]
        cdef int64_t* times = <int64_t*>c.values
        cdef int64_t low = since if since is not None else -(<int64_t>1 << 62)
        cdef int64_t high = until if until is not None else <int64_t>1 << 62
        cdef bint asked = since is not None or until is not None
        cdef int32_t* rows = <int32_t*>malloc(4 * (b.rows + 1))
        cdef int64_t native = 0, other = 0, row, count = 0
        cdef Block* made
        if rows == NULL:
            raise MemoryError
        while native < self.native_rows or other < len(self.behind):
            if other < len(self.behind) and <int64_t>self.behind[other] <= native:
                row = self.native_rows + other
                other += 1
            else:
                row = native
                native += 1
                if b.clocks[row] & ROW_GONE:
                    continue
            if asked:
                if times == NULL or not (c.valid[row >> 3] >> (row & 7)) & 1 or not low <= times[row] < high:
                    continue
            rows[count] = <int32_t>row
            count += 1
        made = chosen_rows(b, rows, count)
        free(rows)
        if made == NULL:
            raise MemoryError
        self.block = made
        release_block(b)
        self.behind = []
        self.gaps = False
