# Columns of a block of lines: buffers as Arrow wants them, written row by row, handed over without copying.

cdef enum:
    KIND_TEXT = 0  # int32 offsets and bytes
    KIND_CATEGORY, KIND_INT8, KIND_INT16, KIND_INT32, KIND_INT64, KIND_TIME, KIND_UINT64

#: Bytes of a value, by kind; a text's value is its offset.
cdef int* WIDTHS = [4, 4, 1, 2, 4, 8, 8, 8]

cdef struct Dictionary:
    int64_t count, capacity, used, room
    int32_t* offsets
    uint8_t* data
    int32_t* table
    uint32_t mask
    int32_t last

cdef struct Column:
    int kind
    uint8_t* values  # offsets of texts, codes, numbers
    uint8_t* valid
    uint8_t* data  # of texts
    int64_t used, room  # of data
    int64_t filled  # rows whose offset is written
    int64_t count  # rows that are not null
    Dictionary dictionary
    Dictionary* shared  # of closed words; not this block's own

cdef struct Block:
    int references
    bint failed  # no memory
    int64_t rows, capacity
    Column columns[SLOTS]
    uint8_t* clocks  # of each row: what its time says about itself

cdef int KINDS_OF[SLOTS]
cdef Dictionary CLOSED_WORDS[SLOTS]
cdef uint8_t* NO_VALUES = NULL  # zeros, for columns in which nothing stands
cdef int64_t NO_VALUES_ROOM = 0

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #include <intrin.h>
    static int count_up(volatile int *n) { return _InterlockedIncrement((volatile long *)n); }
    static int count_down(volatile int *n) { return _InterlockedDecrement((volatile long *)n); }
    #else
    static int count_up(volatile int *n) { return __atomic_add_fetch(n, 1, __ATOMIC_SEQ_CST); }
    static int count_down(volatile int *n) { return __atomic_sub_fetch(n, 1, __ATOMIC_SEQ_CST); }
    #endif
    """
    int count_up(int* n) noexcept nogil
    int count_down(int* n) noexcept nogil


# ---- dictionaries
cdef bint widen(Dictionary* d) noexcept nogil:
    """Twice as many entries; the table is at most half full."""
    cdef int64_t capacity = d.capacity * 2 if d.capacity else 256
    cdef int32_t* offsets = <int32_t*>realloc(d.offsets, 4 * (capacity + 1))
    cdef int32_t* table
    cdef int64_t i
    cdef uint32_t h
    if offsets == NULL:
        return False
    d.offsets = offsets
    table = <int32_t*>realloc(d.table, 4 * capacity * 4)
    if table == NULL:
        return False
    d.table = table
    d.capacity = capacity
    d.mask = <uint32_t>(capacity * 4 - 1)
    memset(table, 255, 4 * capacity * 4)
    if d.count == 0:
        offsets[0] = 0
    for i in range(d.count):
        h = hash_bytes(d.data + offsets[i], offsets[i + 1] - offsets[i]) & d.mask
        while table[h] >= 0:
            h = (h + 1) & d.mask
        table[h] = <int32_t>i
    return True


cdef int32_t code_of(Dictionary* d, cp s, int64_t n, bint* fresh) noexcept nogil:
    """Number of a text, which is added if it is new; -1 without memory."""
    cdef uint32_t h
    cdef int32_t k = d.last
    cdef uint8_t* data
    fresh[0] = False
    if k >= 0 and d.offsets[k + 1] - d.offsets[k] == n and equal_bytes(d.data + d.offsets[k], s, n):
        return k
    if d.count >= d.capacity and not widen(d):
        return -1
    h = hash_bytes(s, n) & d.mask
    while True:
        k = d.table[h]
        if k < 0:
            break
        if d.offsets[k + 1] - d.offsets[k] == n and equal_bytes(d.data + d.offsets[k], s, n):
            d.last = k
            return k
        h = (h + 1) & d.mask
    if d.room - d.used < n + 1:
        data = <uint8_t*>realloc(d.data, 2 * d.room + n + 4096)
        if data == NULL:
            return -1
        d.data = data
        d.room = 2 * d.room + n + 4096
    copy_bytes(d.data + d.used, s, n)
    d.used += n
    k = <int32_t>d.count
    d.count += 1
    d.offsets[k + 1] = <int32_t>d.used
    d.table[h] = k
    d.last = k
    fresh[0] = True
    return k


cdef int32_t known_code(Dictionary* d, cp s, int64_t n) noexcept nogil:
    """Number of a text, -1 if it is not there."""
    cdef uint32_t h
    cdef int32_t k
    if d.count == 0:
        return -1
    h = hash_bytes(s, n) & d.mask
    while True:
        k = d.table[h]
        if k < 0 or (d.offsets[k + 1] - d.offsets[k] == n and equal_bytes(d.data + d.offsets[k], s, n)):
            return k
        h = (h + 1) & d.mask


cdef void empty_dictionary(Dictionary* d) noexcept nogil:
    if d.count:
        memset(d.table, 255, 4 * <int64_t>(d.mask + 1))
    d.count = 0
    d.used = 0
    d.last = -1


cdef void free_dictionary(Dictionary* d) noexcept nogil:
    free(d.offsets)
    free(d.data)
    free(d.table)


# ---- blocks
cdef Block* new_block() noexcept nogil:
    cdef Block* b = <Block*>calloc(1, sizeof(Block))
    cdef int i
    if b == NULL:
        return NULL
    b.references = 1
    b.capacity = 8192
    b.clocks = <uint8_t*>calloc(b.capacity, 1)
    b.failed = b.clocks == NULL
    for i in range(SLOTS):
        b.columns[i].kind = KINDS_OF[i]
        b.columns[i].dictionary.last = -1
        if CLOSED_WORDS[i].count:
            b.columns[i].shared = &CLOSED_WORDS[i]
    return b


cdef void free_block(Block* b) noexcept nogil:
    cdef int i
    for i in range(SLOTS):
        free(b.columns[i].values)
        free(b.columns[i].valid)
        free(b.columns[i].data)
        free_dictionary(&b.columns[i].dictionary)
    free(b.clocks)
    free(b)


cdef void release_block(Block* b) noexcept nogil:
    if count_down(&b.references) == 0:
        free_block(b)


cdef bint open_column(Block* b, Column* c) noexcept nogil:
    """Buffers for a column in which a first value comes."""
    c.values = <uint8_t*>calloc(b.capacity + 8, WIDTHS[c.kind])
    c.valid = <uint8_t*>calloc((b.capacity >> 3) + 8, 1)
    if c.values == NULL or c.valid == NULL:
        b.failed = True
        return False
    return True


cdef bint more_rows(Block* b) noexcept nogil:
    cdef int64_t capacity = b.capacity * 2
    cdef int i, width
    cdef Column* c
    cdef uint8_t* larger = <uint8_t*>realloc(b.clocks, capacity)
    if larger == NULL:
        b.failed = True
        return False
    b.clocks = larger
    memset(larger + b.capacity, 0, capacity - b.capacity)
    for i in range(SLOTS):
        c = &b.columns[i]
        if c.values == NULL:
            continue
        width = WIDTHS[c.kind]
        larger = <uint8_t*>realloc(c.values, (capacity + 8) * width)
        if larger == NULL:
            b.failed = True
            return False
        c.values = larger
        memset(larger + (b.capacity + 8) * width, 0, (capacity - b.capacity) * width)
        larger = <uint8_t*>realloc(c.valid, (capacity >> 3) + 8)
        if larger == NULL:
            b.failed = True
            return False
        c.valid = larger
        memset(larger + (b.capacity >> 3) + 8, 0, (capacity >> 3) - (b.capacity >> 3))
    b.capacity = capacity
    return True


cdef inline Column* value_at(Block* b, int slot, int64_t row) noexcept nogil:
    """The column, with its row marked as not null; NULL without memory."""
    cdef Column* c = &b.columns[slot]
    if c.values == NULL and not open_column(b, c):
        return NULL
    c.valid[row >> 3] |= 1 << (row & 7)
    c.count += 1
    return c


cdef uint8_t* text_room(Block* b, Column* c, int64_t row, int64_t most) noexcept nogil:
    """Where the text of a row is to be written, at most so many bytes; NULL without memory."""
    cdef uint8_t* data
    cdef int32_t* offsets = <int32_t*>c.values
    if c.room - c.used < most:
        data = <uint8_t*>realloc(c.data, 2 * c.room + most + 16384)
        if data == NULL:
            b.failed = True
            return NULL
        c.data = data
        c.room = 2 * c.room + most + 16384
    while c.filled <= row:
        offsets[c.filled] = <int32_t>c.used
        c.filled += 1
    return c.data + c.used


cdef inline void set_text(Block* b, int slot, int64_t row, cp s, cp e, bint high) noexcept nogil:
    """A text; bytes that are no UTF-8 are written out as `\\xNN`. `high`: the line has bytes beyond ASCII."""
    cdef Column* c = value_at(b, slot, row)
    cdef uint8_t* to
    if c == NULL:
        return
    if high and has_high(s, e):
        to = text_room(b, c, row, 4 * (e - s))
        if to != NULL:
            c.used += write_utf8(to, s, e)
        return
    to = text_room(b, c, row, e - s)
    if to != NULL:
        copy_bytes(to, s, e - s)
        c.used += e - s


cdef inline void set_number(Block* b, int slot, int64_t row, int64_t value) noexcept nogil:
    cdef Column* c = value_at(b, slot, row)
    if c == NULL:
        return
    if c.kind == KIND_INT64 or c.kind == KIND_TIME or c.kind == KIND_UINT64:
        (<int64_t*>c.values)[row] = value
    elif c.kind == KIND_INT16:
        (<int16_t*>c.values)[row] = <int16_t>value
    elif c.kind == KIND_INT8:
        (<int8_t*>c.values)[row] = <int8_t>value
    else:
        (<int32_t*>c.values)[row] = <int32_t>value


cdef inline void set_always(Block* b, int slot, int64_t row, int64_t value) noexcept nogil:
    """A value of a column that every row of a scan has: `mark_always` says so for all of them at the end."""
    cdef Column* c = &b.columns[slot]
    if c.values == NULL and not open_column(b, c):
        return
    if c.kind == KIND_INT64 or c.kind == KIND_TIME:
        (<int64_t*>c.values)[row] = value
    else:
        (<int32_t*>c.values)[row] = <int32_t>value


cdef void mark_always(Block* b) noexcept nogil:
    cdef int* slots = [C_LINE, C_TIME, C_EVENT, C_MTA, C_INSTANCE, C_PROCESS]
    cdef int i
    cdef int64_t row
    cdef Column* c
    for i in range(6):
        c = &b.columns[slots[i]]
        if c.values == NULL:
            continue
        c.count = b.rows
        memset(c.valid, 255, b.rows >> 3)
        for row in range(b.rows & ~<int64_t>7, b.rows):
            c.valid[row >> 3] |= 1 << (row & 7)


cdef void set_category(Block* b, int slot, int64_t row, cp s, cp e, bint high) noexcept nogil:
    """A text of a dictionary column."""
    cdef Column* c = value_at(b, slot, row)
    cdef uint8_t* made = NULL
    cdef int32_t code
    cdef int64_t n
    cdef bint fresh
    if c == NULL:
        return
    if high and has_high(s, e):
        made = <uint8_t*>malloc(4 * (e - s))
        if made == NULL:
            b.failed = True
            return
        n = write_utf8(made, s, e)
        code = code_of(&c.dictionary, made, n, &fresh)
        free(made)
    else:
        code = code_of(&c.dictionary, s, e - s, &fresh)
    if code < 0:
        b.failed = True
        return
    (<int32_t*>c.values)[row] = code


cdef int32_t category_code(Block* b, int slot, Span* text) noexcept nogil:
    """The code of a text that is valid UTF-8."""
    cdef bint fresh
    cdef int32_t code = code_of(&b.columns[slot].dictionary, text.s, text.e - text.s, &fresh)
    if code < 0:
        b.failed = True
    return code


cdef inline void set_code(Block* b, int slot, int64_t row, int32_t code) noexcept nogil:
    cdef Column* c = value_at(b, slot, row)
    if c != NULL:
        (<int32_t*>c.values)[row] = code


cdef inline bint is_null(Column* c, int64_t row) noexcept nogil:
    return c.count == 0 or not (c.valid[row >> 3] >> (row & 7)) & 1


cdef inline void text_in(Column* c, int64_t row, Span* span) noexcept nogil:
    """A text of a column to which more may come."""
    cdef int32_t* offsets = <int32_t*>c.values
    span.s = c.data + offsets[row]
    span.e = c.data + (c.used if row + 1 >= c.filled else offsets[row + 1])


cdef void copy_row(Block* b, int64_t row, Block* to, int64_t at) noexcept nogil:
    """A row of a block whose offsets are written, at the end of another block."""
    cdef int i, width
    cdef Column* c
    cdef Dictionary* d
    cdef Span text
    cdef int32_t k
    for i in range(SLOTS):
        c = &b.columns[i]
        if is_null(c, row):
            continue
        if c.kind == KIND_TEXT:
            text_in(c, row, &text)
            set_text(to, i, at, text.s, text.e, False)
        elif c.kind == KIND_CATEGORY and c.shared == NULL:
            d = &c.dictionary
            k = (<int32_t*>c.values)[row]
            set_category(to, i, at, d.data + d.offsets[k], d.data + d.offsets[k + 1], False)
        elif value_at(to, i, at) != NULL:
            width = WIDTHS[c.kind]
            memcpy(to.columns[i].values + at * width, c.values + row * width, width)


cdef void seal(Block* b) noexcept nogil:
    """Write the offsets behind the last text of each column."""
    cdef int i
    cdef Column* c
    cdef int32_t* offsets
    for i in range(SLOTS):
        c = &b.columns[i]
        if c.kind == KIND_TEXT and c.values != NULL:
            offsets = <int32_t*>c.values
            while c.filled <= b.rows:
                offsets[c.filled] = <int32_t>c.used
                c.filled += 1


cdef Block* chosen_rows(Block* b, const int32_t* rows, int64_t count) noexcept nogil:
    """A block of these rows of a sealed block, in this order."""
    cdef Block* out = new_block()
    cdef int i, width
    cdef int64_t k, row
    cdef Column* c
    cdef Column* o
    cdef Dictionary d
    cdef int32_t* offsets
    if out == NULL:
        return NULL
    while out.capacity < count:
        if not more_rows(out):
            return out
    for i in range(SLOTS):
        c = &b.columns[i]
        if c.count == 0:
            continue
        o = &out.columns[i]
        if c.kind == KIND_CATEGORY and c.shared == NULL:  # the old dictionary serves the new block
            d = o.dictionary
            o.dictionary = c.dictionary
            c.dictionary = d
        width = WIDTHS[c.kind]
        offsets = <int32_t*>c.values
        for k in range(count):
            row = rows[k]
            if not (c.valid[row >> 3] >> (row & 7)) & 1:
                continue
            if c.kind == KIND_TEXT:
                set_text(out, i, k, c.data + offsets[row], c.data + offsets[row + 1], False)
            else:
                if value_at(out, i, k) == NULL:
                    return out
                memcpy(o.values + k * width, c.values + row * width, width)
    out.rows = count
    seal(out)
    return out
