# Groups: tallies kept as tables of keys and measures while blocks pass by, so that no row of most lines is ever written.
# A table is an open-addressed hash table of fixed-width entries; a text is a number, a key or a place in one heap.

cdef enum:
    MOST_KEYS = 20
    MOST_MEASURES = 12
    MOST_SOURCES = 3

cdef enum:  # ways in which a measure adds up
    WAY_SUM = 0
    WAY_MIN, WAY_MAX, WAY_TEXT, WAY_LAST, WAY_LIST3

#: Their names, in this order, and the 64-bit words that each takes in an entry.
WAYS = ("sum", "min", "max", "text", "last", "list3")
cdef int* WAY_WORDS = [1, 1, 1, 1, 2, 9]

cdef int64_t NONE_YET = <int64_t>0x7fffffffffffffff
cdef int64_t TEXT_BITS = 20  # of a place in the heap: the length of the text

cdef struct SourceOf:
    int where  # the value that must be true
    uint64_t events  # for which it may be true
    bint any_event  # and of any other event, if it has a text
    int keys[MOST_KEYS]
    int measures[MOST_MEASURES]

cdef struct Table:
    int keys, measures, sources, width
    SourceOf source[MOST_SOURCES]
    int ways[MOST_MEASURES]
    int at[MOST_MEASURES]  # where in an entry
    int64_t count, capacity
    int64_t* entries
    int32_t* index
    uint64_t mask

cdef struct Heap:
    uint8_t* data
    int64_t used, room


# ---- the heap
cdef int64_t keep_text(Heap* h, cp s, cp e, bint lowered) noexcept nogil:
    """The place of a copy of a text; -2 without memory."""
    cdef int64_t n = min(e - s, (<int64_t>1 << TEXT_BITS) - 1), i
    cdef uint8_t* data
    if h.room - h.used < n:
        data = <uint8_t*>realloc(h.data, 2 * h.room + n + 65536)
        if data == NULL:
            return -2
        h.data = data
        h.room = 2 * h.room + n + 65536
    if lowered:
        for i in range(n):
            h.data[h.used + i] = lower(s[i])
    else:
        copy_bytes(h.data + h.used, s, n)
    h.used += n
    return ((h.used - n) << TEXT_BITS) | n


# ---- tables
cdef bint widen_table(Table* t) noexcept nogil:
    """Room for more entries; the index is at most three quarters full."""
    cdef int64_t capacity = t.capacity + (t.capacity >> 2) + 256
    cdef int64_t size = <int64_t>t.mask + 1 if t.index != NULL else 512
    cdef int64_t i
    cdef uint64_t h
    cdef int64_t* entries = <int64_t*>realloc(t.entries, capacity * t.width * 8)
    if entries == NULL:
        return False
    t.entries = entries
    t.capacity = capacity
    if t.index != NULL and 4 * capacity <= 3 * size:
        return True
    while 4 * capacity > 3 * size:
        size *= 2
    free(t.index)
    t.index = <int32_t*>malloc(size * 4)
    if t.index == NULL:
        return False
    memset(t.index, 255, size * 4)
    t.mask = <uint64_t>(size - 1)
    for i in range(t.count):
        h = (<uint64_t>entries[i * t.width] >> 24) & t.mask
        while t.index[h] >= 0:
            h = (h + 1) & t.mask
        t.index[h] = <int32_t>i
    return True


cdef inline uint64_t hash_of(int64_t* sought, int keys) noexcept nogil:
    """Hash of keys; `sought[0]` says which of them are null, and gets the hash in its upper 40 bits."""
    cdef uint64_t h = hash_seed
    cdef int i
    for i in range(keys + 1):
        h = (h ^ <uint64_t>sought[i]) * <uint64_t>0x9FB21C651E98DF25
        h ^= h >> 32
    h *= <uint64_t>0xff51afd7ed558ccd
    h = (h ^ (h >> 32)) >> 24
    sought[0] |= <int64_t>(h << 24)
    return h


cdef int64_t* entry_for(Table* t, const int64_t* sought, bint* fresh) noexcept nogil:
    """The entry with these keys (`hash_of`), made if there is none; NULL without memory."""
    cdef int64_t* found
    cdef uint64_t h
    cdef int32_t k
    cdef int i
    if t.count >= t.capacity and not widen_table(t):
        return NULL
    h = (<uint64_t>sought[0] >> 24) & t.mask
    while True:
        k = t.index[h]
        if k < 0:
            break
        found = t.entries + k * t.width
        for i in range(t.keys + 1):
            if found[i] != sought[i]:
                break
        else:
            fresh[0] = False
            return found
        h = (h + 1) & t.mask
    t.index[h] = <int32_t>t.count
    found = t.entries + t.count * t.width
    t.count += 1
    for i in range(t.keys + 1):
        found[i] = sought[i]
    fresh[0] = True
    clear_measures(t, found)
    return found


cdef void clear_measures(Table* t, int64_t* found) noexcept nogil:
    cdef int i, k
    cdef int64_t* m
    for i in range(t.measures):
        m = found + t.at[i]
        if t.ways[i] == WAY_SUM:
            m[0] = 0
        elif t.ways[i] == WAY_MIN:
            m[0] = NONE_YET
        elif t.ways[i] == WAY_MAX:
            m[0] = -NONE_YET
        elif t.ways[i] == WAY_TEXT:
            m[0] = -1
        elif t.ways[i] == WAY_LAST:
            m[0] = m[1] = 0
        else:
            for k in range(3):
                m[3 * k], m[3 * k + 1], m[3 * k + 2] = NONE_YET, NONE_YET, -1


cdef inline bint less_key(int64_t a, int64_t b) noexcept nogil:
    return <uint64_t>a < <uint64_t>b


cdef void free_table(Table* t) noexcept nogil:
    free(t.entries)
    free(t.index)
    t.entries = NULL
    t.index = NULL
    t.count = t.capacity = 0


# ---- counting
cdef bint count_stretch(Table* t, SourceOf* source, Values* x, int rows, Heap* heap, int64_t* sought) noexcept nogil:
    """Add the rows of a stretch that a table counts; False without memory.

    Keys first, then the places of all entries, then the measures: memory is fetched while the next row is looked at.
    """
    cdef int chosen[STRETCH]
    cdef int count = 0, i, k
    cdef int64_t* keys
    cdef uint64_t nulls
    cdef bint fresh = False
    cdef int64_t* found
    for k in range(rows):
        if (source.events >> x.v[V_EVENT][k]) & 1 == 0 and not (source.any_event and not (x.nulls[k] >> V_SHAPE) & 1):
            continue
        x.at = k
        x.row = x.start + k
        if x.block.clocks[x.row] & ROW_GONE:
            continue
        if not is_true(x, source.where):
            continue
        keys = sought + count * (MOST_KEYS + 1)
        nulls = 0
        for i in range(t.keys):
            if known_value(x, source.keys[i]):
                keys[i + 1] = x.v[source.keys[i]][k]
            else:
                keys[i + 1] = 0
                nulls |= <uint64_t>1 << i
        keys[0] = <int64_t>nulls
        nulls = hash_of(keys, t.keys)
        if t.capacity:
            prefetch(t.index + (nulls & t.mask))
        chosen[count] = k
        count += 1
    if x.failed:
        return False
    for k in range(count if t.capacity else 0):
        i = t.index[(<uint64_t>sought[k * (MOST_KEYS + 1)] >> 24) & t.mask]
        if i >= 0:
            prefetch(t.entries + <int64_t>i * t.width)
            prefetch(t.entries + <int64_t>i * t.width + t.width - 1)
    for k in range(count):
        found = entry_for(t, sought + k * (MOST_KEYS + 1), &fresh)
        if found == NULL:
            return False
        x.at = chosen[k]
        x.row = x.start + x.at
        if not measure(t, source, x, heap, found):
            return False
    return True


cdef inline bint measure(Table* t, SourceOf* source, Values* x, Heap* heap, int64_t* found) noexcept nogil:
    """Add a row to an entry; False without memory."""
    cdef int i, value
    cdef int64_t v
    cdef int64_t* m
    for i in range(t.measures):
        value = source.measures[i]
        m = found + t.at[i]
        if t.ways[i] == WAY_LIST3:
            if not take_example(m, x, heap):
                return False
            continue
        if t.ways[i] == WAY_TEXT:
            if m[0] == -1 and find_value(x, value):
                m[0] = keep_text(heap, x.span[value - V_RECIPIENT_TEXT].s, x.span[value - V_RECIPIENT_TEXT].e, value < V_CLIENT_IP_TEXT)
                if m[0] == -2:
                    return False
            continue
        if not known_value(x, value):
            continue
        v = x.v[value][x.at]
        if t.ways[i] == WAY_SUM:
            m[0] += v
        elif t.ways[i] == WAY_MIN:
            if v < m[0] if VALUE_KINDS[value] != VALUE_KEY else less_key(v, m[0]) or m[0] == NONE_YET:
                m[0] = v
        elif t.ways[i] == WAY_MAX:
            if v > m[0]:
                m[0] = v
        elif x.high[x.at] > m[0] or (x.high[x.at] == m[0] and less_key(m[1], v)):
            m[0], m[1] = x.high[x.at], v
    return True


cdef bint take_example(int64_t* m, Values* x, Heap* heap) noexcept nogil:
    """Keep the row's line if it is among the three that stand first; False without memory."""
    cdef int place = 0, k
    cdef int64_t ref
    cdef Span raw
    cdef uint8_t made[6 * RAW_BYTES + 64]
    known_value(x, V_REF)
    ref = x.v[V_REF][x.at]
    while place < 3 and m[3 * place] < ref:
        place += 1
    if place == 3 or m[3 * place] == ref:
        return True
    for k in range(2, place, -1):
        memcpy(m + 3 * k, m + 3 * (k - 1), 24)
    m += 3 * place
    m[0] = ref
    m[1] = x.v[V_TIME][x.at] if known_value(x, V_TIME) else NONE_YET
    if is_set(x, C_RAW):
        text_of(x, C_RAW, &raw)
        m[2] = keep_text(heap, raw.s, raw.e, False)
    elif is_set(x, C_RAW_AT):
        raw.s = x.data + (<int64_t*>x.block.columns[C_RAW_AT].values)[x.row]
        raw.e = <cp>memchr(raw.s, 10, x.data + x.data_size - raw.s)
        if raw.e == NULL:
            raw.e = x.data + x.data_size
        k = <int>write_raw(made, raw.s, raw.e, True)
        m[2] = keep_text(heap, made, made + k, False)
    else:
        m[2] = -1
    return m[2] != -2


# ---- wider bars
cdef bint merge_entry(Table* t, int64_t* sought, const int64_t* other) noexcept nogil:
    """Add the measures of another entry, with other keys; only for measures that no heap is needed for."""
    cdef bint fresh = False
    cdef int i
    cdef int64_t* m
    cdef int64_t more
    cdef int64_t* found
    hash_of(sought, t.keys)
    found = entry_for(t, sought, &fresh)
    if found == NULL:
        return False
    for i in range(t.measures):
        m = found + t.at[i]
        more = other[t.at[i]]
        if t.ways[i] == WAY_SUM:
            m[0] += more
        elif t.ways[i] == WAY_MIN:
            m[0] = min(m[0], more)
        elif t.ways[i] == WAY_MAX:
            m[0] = max(m[0], more)
    return True


cdef bint widen_bars(Table* t, int64_t seconds) noexcept nogil:
    """Put the entries of a table into wider bars."""
    cdef Table made
    cdef int64_t sought[MOST_KEYS + 1]
    cdef int i, bar = -1
    cdef int64_t k
    cdef int64_t* old
    for i in range(t.keys):
        if t.source[0].keys[i] == V_BAR:
            bar = i
    if bar < 0 or t.count == 0:
        return True
    made = t[0]
    made.entries = NULL
    made.index = NULL
    made.count = made.capacity = 0
    for k in range(t.count):
        old = t.entries + k * t.width
        memcpy(sought, old, 8 * (t.keys + 1))
        sought[0] &= 0xffffff
        if not (sought[0] >> bar) & 1:
            sought[bar + 1] = sought[bar + 1] // seconds * seconds
        if not merge_entry(&made, sought, old):
            free_table(&made)
            return False
    free_table(t)
    t[0] = made
    return True


@cython.final
cdef class Groups:
    """Tallies of the batches that were added: ``specs`` gives each table's keys (name, value), measures (name, way, value),
    and its sources (where, values of the keys, values of the measures).
    """

    cdef Values* values
    cdef Table* tables
    cdef Heap heap
    cdef int64_t[STRETCH * (MOST_KEYS + 1)] sought
    cdef readonly int64_t bar_seconds
    cdef int count
    cdef list names

    def __cinit__(self, specs, int64_t bar_seconds):
        self.count = len(specs)
        self.bar_seconds = bar_seconds
        self.values = <Values*>calloc(1, sizeof(Values))
        self.tables = <Table*>calloc(self.count, sizeof(Table))
        if self.values == NULL or self.tables == NULL:
            raise MemoryError
        prepare_values(self.values)
        self.names = []
        for number, (keys, measures, sources) in enumerate(specs):
            self.set_table(&self.tables[number], keys, measures, sources)

    cdef set_table(self, Table* t, keys, measures, sources):
        cdef int i, at
        if len(keys) > MOST_KEYS or len(measures) > MOST_MEASURES or len(sources) > MOST_SOURCES:
            raise ValueError("a tally has too many columns for the compiled engine")
        t.keys, t.measures, t.sources = len(keys), len(measures), len(sources)
        at = t.keys + 1
        for i, (_, way) in enumerate(measures):
            t.ways[i] = WAYS.index(way)
            t.at[i] = at
            at += WAY_WORDS[t.ways[i]]
        t.width = at
        for i, (where, of_keys, of_measures) in enumerate(sources):
            t.source[i].where = VALUES.index(where)
            t.source[i].events = events_where(self.values, t.source[i].where)
            t.source[i].any_event = t.source[i].where == V_TROUBLE
            for k, value in enumerate(of_keys):
                t.source[i].keys[k] = VALUES.index(value)
            for k, value in enumerate(of_measures):
                t.source[i].measures[k] = VALUES.index(value)
        self.names.append(([*keys], [name for name, _ in measures]))

    def __dealloc__(self):
        cdef int i
        if self.values != NULL:
            free_values(self.values)
            free(self.values)
        if self.tables != NULL:
            for i in range(self.count):
                free_table(&self.tables[i])
            free(self.tables)
        free(self.heap.data)

    @property
    def bytes(self):
        """Memory that the tables and their texts take."""
        cdef int64_t total = self.heap.room
        cdef int i
        for i in range(self.count):
            total += self.tables[i].capacity * 8 * self.tables[i].width
            if self.tables[i].index != NULL:
                total += 4 * (self.tables[i].mask + 1)
        for i in range(MOST_VALUES):
            total += self.values.codes[i].room + 20 * self.values.codes[i].capacity
        return total

    def add(self, Batches batches, int64_t bar_seconds):
        """Count the rows of finished batches, in bars of so many seconds, in which the ones before must nest."""
        for batch in batches.held:
            self.count_rows(batch, bar_seconds)

    cdef count_rows(self, Batch batch, int64_t bar_seconds):
        cdef Values* x = self.values
        cdef Table* t
        cdef int64_t start = 0, rows = batch.block.rows
        cdef int i, k, count
        cdef bint complete = True
        x.data = <cp><const char*>batch.data
        x.data_size = len(batch.data)
        x.file_no = batch.file_no
        with nogil:
            if bar_seconds != self.bar_seconds:
                for i in range(self.count):
                    complete = complete and widen_bars(&self.tables[i], bar_seconds)
                self.bar_seconds = bar_seconds
            x.bar_seconds = bar_seconds
            complete = complete and see_block(x, batch.block)
            while complete and start < rows:
                count = <int>min(<int64_t>STRETCH, rows - start)
                see_stretch(x, start, count)
                for i in range(self.count):
                    t = &self.tables[i]
                    for k in range(t.sources):
                        complete = complete and count_stretch(t, &t.source[k], x, count, &self.heap, self.sought)
                start += count
        if not complete:
            raise MemoryError

    def take(self, int number):
        """The rows of a table as an Arrow stream; they are no longer in it."""
        cdef Table* t = &self.tables[number]
        cdef Part part = Part.__new__(Part)
        keys, measures = self.names[number]
        part.fill(t, self.values, &self.heap, keys, measures)
        free_table(t)
        return part

    def clear(self):
        """Forget the texts; all tables must have been taken."""
        cdef int i
        for i in range(MOST_VALUES):
            free_dictionary(&self.values.codes[i])
            memset(&self.values.codes[i], 0, sizeof(Dictionary))
            self.values.codes[i].last = -1
        free(self.heap.data)
        memset(&self.heap, 0, sizeof(Heap))
        give_memory_back()
