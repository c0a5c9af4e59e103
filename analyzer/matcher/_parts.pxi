# Parts: a table of groups as Arrow columns, by the names that the tallies give them.

cdef Dictionary* words_of(Values* x, int value) noexcept nogil:
    """The dictionary in which a value's numbers stand."""
    if value == V_EVENT or value == V_CLIENT_EVENT:
        return &CLOSED_WORDS[C_EVENT]
    if value == V_SPEAKER or value == V_FAILURE_SPEAKER:
        return &CLOSED_WORDS[C_SPEAKER]
    if value == V_STAGE:
        return &CLOSED_WORDS[C_STAGE]
    if value == V_REPLY_ORIGIN:
        return &CLOSED_WORDS[C_REPLY_ORIGIN]
    return &x.codes[V_SHAPE if value == V_FAILURE_SHAPE else value]


cdef void put_text_of(Block* b, int column, int64_t row, Heap* heap, int64_t place) noexcept nogil:
    cdef cp s
    if place >= 0:
        s = heap.data + (place >> TEXT_BITS)
        set_text(b, column, row, s, s + (place & ((<int64_t>1 << TEXT_BITS) - 1)), False)


cdef void put_example(Block* b, int column, int64_t row, Heap* heap, const int64_t* m) noexcept nogil:
    set_number(b, column, row, m[0])
    if m[1] != NONE_YET:
        set_number(b, column + 1, row, m[1])
    put_text_of(b, column + 2, row, heap, m[2])


cdef void put_entry(Block* b, Table* t, Values* x, Heap* heap, const int64_t* found, int64_t row, int example) noexcept nogil:
    """An entry as a row: its keys, then its measures; of its examples the one that is asked for."""
    cdef int i, column, value
    cdef int64_t number
    cdef const int64_t* m
    cdef Dictionary* d
    for i in range(t.keys):
        if (found[0] >> i) & 1:
            continue
        value = t.source[0].keys[i]
        number = found[i + 1]
        if VALUE_KINDS[value] == VALUE_CODE:
            d = words_of(x, value)
            set_text(b, i, row, d.data + d.offsets[number], d.data + d.offsets[number + 1], False)
        else:
            set_number(b, i, row, number)
    column = t.keys
    for i in range(t.measures):
        m = found + t.at[i]
        if t.ways[i] == WAY_LIST3:
            put_example(b, column, row, heap, m + 3 * example)
            column += 3
            continue
        if t.ways[i] == WAY_TEXT:
            put_text_of(b, column, row, heap, m[0])
        elif t.ways[i] == WAY_LAST:
            set_number(b, column, row, m[0])
            set_number(b, column + 1, row, m[1])
            column += 1
        elif t.ways[i] == WAY_SUM or (m[0] != NONE_YET and m[0] != -NONE_YET):
            set_number(b, column, row, m[0])
        column += 1


cdef dict column_names = {}  # what exported schemas point to


@cython.final
cdef class Part(BlockHolder):
    """Rows of one tally, as an Arrow stream. A measure that is a list comes as one row for each item, in three columns
    (``NAME_ref``, ``NAME_time``, ``NAME_raw``); one of 128 bits in two (``NAME_high``, ``NAME_low``).
    """

    cdef Layout layout
    cdef readonly int64_t num_rows

    cdef column(self, str name, int kind):
        cdef bytes text = column_names.setdefault(name, name.encode())
        cdef int i = self.layout.count
        if i >= SLOTS:
            raise ValueError("a tally has too many columns for the compiled engine")
        self.layout.slots[i], self.layout.names[i], self.layout.kinds[i] = i, text, kind
        self.block.columns[i].kind = kind
        self.block.columns[i].shared = NULL
        self.layout.count += 1

    cdef fill(self, Table* t, Values* x, Heap* heap, list keys, list measures):
        cdef Block* b = new_block()
        cdef int i, value, kind, example
        cdef int64_t k, rows = 0
        if b == NULL:
            raise MemoryError
        self.block = b
        for i, name in enumerate(keys):
            value = VALUE_KINDS[t.source[0].keys[i]]
            self.column(name, KIND_TEXT if value == VALUE_CODE else KIND_UINT64 if value == VALUE_KEY else KIND_INT64)
        for i, name in enumerate(measures):
            if t.ways[i] == WAY_LIST3:
                for part, kind in (("ref", KIND_INT64), ("time", KIND_INT64), ("raw", KIND_TEXT)):
                    self.column(f"{name}_{part}", kind)
            elif t.ways[i] == WAY_LAST:
                self.column(name + "_high", KIND_UINT64)
                self.column(name + "_low", KIND_UINT64)
            else:
                value = VALUE_KINDS[t.source[0].measures[i]]
                self.column(name, KIND_TEXT if t.ways[i] == WAY_TEXT else KIND_UINT64 if value == VALUE_KEY else KIND_INT64)
        with nogil:
            while b.capacity < 3 * t.count and not b.failed:
                more_rows(b)
            for k in range(t.count):
                for example in range(3 if t.ways[0] == WAY_LIST3 else 1):
                    if t.ways[0] == WAY_LIST3 and (t.entries + k * t.width)[t.at[0] + 3 * example] == NONE_YET:
                        break
                    put_entry(b, t, x, heap, t.entries + k * t.width, rows, example)
                    rows += 1
            b.rows = rows
            seal(b)
        make_zeros(b)
        if b.failed:
            raise MemoryError
        self.num_rows = rows

    def __arrow_c_stream__(self, requested_schema=None):
        return stream_of([self], &self.layout)
