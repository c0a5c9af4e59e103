# Blocks as Arrow record batches by the C data interface: a consumer gets the buffers themselves and gives them back.
# Specification: Arrow columnar format, "The Arrow C data interface" and "The Arrow C stream interface".

from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_IsValid, PyCapsule_New

cdef extern from *:
    """
    #include <stdint.h>
    struct ArrowSchema {
        const char *format; const char *name; const char *metadata; int64_t flags; int64_t n_children;
        struct ArrowSchema **children; struct ArrowSchema *dictionary; void (*release)(struct ArrowSchema *); void *private_data;
    };
    struct ArrowArray {
        int64_t length; int64_t null_count; int64_t offset; int64_t n_buffers; int64_t n_children; const void **buffers;
        struct ArrowArray **children; struct ArrowArray *dictionary; void (*release)(struct ArrowArray *); void *private_data;
    };
    struct ArrowArrayStream {
        int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
        int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
        const char *(*get_last_error)(struct ArrowArrayStream *);
        void (*release)(struct ArrowArrayStream *); void *private_data;
    };
    """
    cdef struct ArrowSchema:
        const char* format
        const char* name
        const char* metadata
        int64_t flags
        int64_t n_children
        ArrowSchema** children
        ArrowSchema* dictionary
        void (*release)(ArrowSchema*) noexcept nogil
        void* private_data

    cdef struct ArrowArray:
        int64_t length
        int64_t null_count
        int64_t offset
        int64_t n_buffers
        int64_t n_children
        const void** buffers
        ArrowArray** children
        ArrowArray* dictionary
        void (*release)(ArrowArray*) noexcept nogil
        void* private_data

    cdef struct ArrowArrayStream:
        int (*get_schema)(ArrowArrayStream*, ArrowSchema*) noexcept nogil
        int (*get_next)(ArrowArrayStream*, ArrowArray*) noexcept nogil
        const char* (*get_last_error)(ArrowArrayStream*) noexcept nogil
        void (*release)(ArrowArrayStream*) noexcept nogil
        void* private_data

cdef enum:
    NULLABLE = 2
    NO_MEMORY = 12  # ENOMEM
    MOST_BUFFERS = 3

cdef const char** FORMATS = [b"u", b"i", b"c", b"s", b"i", b"l", b"tsu:UTC", b"L"]
cdef char* NAMES_OF[SLOTS]
cdef char* METADATA = NULL

cdef struct Layout:
    int count
    int slots[SLOTS]
    char* names[SLOTS]
    int kinds[SLOTS]

cdef struct Held:
    Block* block
    const void* buffers[MOST_BUFFERS]

cdef struct Stream:
    Layout layout
    int64_t count, next
    Block** blocks


# ---- schemas
cdef void release_schema(ArrowSchema* s) noexcept nogil:
    cdef int64_t i
    for i in range(s.n_children):
        if s.children[i].release != NULL:
            s.children[i].release(s.children[i])
        free(s.children[i])
    free(s.children)
    if s.dictionary != NULL:
        if s.dictionary.release != NULL:
            s.dictionary.release(s.dictionary)
        free(s.dictionary)
    s.release = NULL


cdef bint export_field(ArrowSchema* s, const char* name, int kind) noexcept nogil:
    memset(s, 0, sizeof(ArrowSchema))
    s.format = FORMATS[kind]
    s.name = name
    s.flags = NULLABLE
    s.release = release_schema
    if kind == KIND_CATEGORY:
        s.dictionary = <ArrowSchema*>calloc(1, sizeof(ArrowSchema))
        if s.dictionary == NULL:
            return False
        return export_field(s.dictionary, b"", KIND_TEXT)
    return True


cdef bint export_schema(ArrowSchema* s, Layout* layout) noexcept nogil:
    cdef int i
    memset(s, 0, sizeof(ArrowSchema))
    s.format = b"+s"
    s.name = b""
    s.metadata = METADATA
    s.release = release_schema
    s.children = <ArrowSchema**>calloc(layout.count + 1, sizeof(ArrowSchema*))
    if s.children == NULL:
        return False
    for i in range(layout.count):
        s.children[i] = <ArrowSchema*>calloc(1, sizeof(ArrowSchema))
        if s.children[i] == NULL:
            return False
        s.n_children += 1
        if not export_field(s.children[i], layout.names[i], layout.kinds[i]):
            return False
    return True


# ---- arrays
cdef void release_array(ArrowArray* a) noexcept nogil:
    cdef int64_t i
    cdef Held* held = <Held*>a.private_data
    for i in range(a.n_children):
        if a.children[i].release != NULL:
            a.children[i].release(a.children[i])
        free(a.children[i])
    free(a.children)
    if a.dictionary != NULL:
        if a.dictionary.release != NULL:
            a.dictionary.release(a.dictionary)
        free(a.dictionary)
    if held != NULL:
        release_block(held.block)
        free(held)
    a.release = NULL


cdef Held* hold(ArrowArray* a, Block* b, int64_t length, int buffers) noexcept nogil:
    """An array of a block's rows, which holds the block until it is released."""
    cdef Held* held = <Held*>calloc(1, sizeof(Held))
    memset(a, 0, sizeof(ArrowArray))
    a.release = release_array
    if held == NULL:
        return NULL
    count_up(&b.references)
    held.block = b
    a.private_data = held
    a.length = length
    a.n_buffers = buffers
    a.buffers = held.buffers
    return held


cdef bint export_texts(ArrowArray* a, Block* b, Dictionary* d) noexcept nogil:
    cdef Held* held = hold(a, b, d.count, 3)
    if held == NULL:
        return False
    held.buffers[1] = NO_VALUES if d.count == 0 else <uint8_t*>d.offsets
    held.buffers[2] = NO_VALUES if d.used == 0 else d.data
    return True


cdef bint export_column(ArrowArray* a, Block* b, Column* c) noexcept nogil:
    cdef Held* held = hold(a, b, b.rows, 3 if c.kind == KIND_TEXT else 2)
    if held == NULL:
        return False
    a.null_count = b.rows - c.count
    if a.null_count:
        held.buffers[0] = NO_VALUES if c.count == 0 else c.valid
    held.buffers[1] = NO_VALUES if c.values == NULL else c.values
    if c.kind == KIND_TEXT:
        held.buffers[2] = NO_VALUES if c.used == 0 else c.data
    if c.kind == KIND_CATEGORY:
        a.dictionary = <ArrowArray*>calloc(1, sizeof(ArrowArray))
        if a.dictionary == NULL:
            return False
        return export_texts(a.dictionary, b, &c.dictionary if c.shared == NULL else c.shared)
    return True


cdef bint export_block(ArrowArray* a, Block* b, Layout* layout) noexcept nogil:
    cdef int i
    if hold(a, b, b.rows, 1) == NULL:
        return False
    a.children = <ArrowArray**>calloc(layout.count + 1, sizeof(ArrowArray*))
    if a.children == NULL:
        return False
    for i in range(layout.count):
        a.children[i] = <ArrowArray*>calloc(1, sizeof(ArrowArray))
        if a.children[i] == NULL:
            return False
        a.n_children += 1
        if not export_column(a.children[i], b, &b.columns[layout.slots[i]]):
            return False
    return True


# ---- streams
cdef int stream_schema(ArrowArrayStream* stream, ArrowSchema* s) noexcept nogil:
    if export_schema(s, &(<Stream*>stream.private_data).layout):
        return 0
    s.release(s)
    return NO_MEMORY


cdef int stream_next(ArrowArrayStream* stream, ArrowArray* a) noexcept nogil:
    cdef Stream* own = <Stream*>stream.private_data
    if own.next >= own.count:
        memset(a, 0, sizeof(ArrowArray))
        return 0
    if export_block(a, own.blocks[own.next], &own.layout):
        own.next += 1
        return 0
    a.release(a)
    return NO_MEMORY


cdef const char* stream_error(ArrowArrayStream* stream) noexcept nogil:
    return b"out of memory"


cdef void release_stream(ArrowArrayStream* stream) noexcept nogil:
    cdef Stream* own = <Stream*>stream.private_data
    cdef int64_t i
    if own != NULL:
        for i in range(own.count):
            release_block(own.blocks[i])
        free(own.blocks)
        free(own)
    stream.release = NULL


cdef void drop_stream(object capsule) noexcept:
    cdef ArrowArrayStream* stream
    if PyCapsule_IsValid(capsule, b"arrow_array_stream"):
        stream = <ArrowArrayStream*>PyCapsule_GetPointer(capsule, b"arrow_array_stream")
        if stream.release != NULL:
            stream.release(stream)
        free(stream)


cdef object stream_of(list holders, Layout* layout):
    """A capsule with a stream of the holders' blocks."""
    cdef ArrowArrayStream* stream = <ArrowArrayStream*>calloc(1, sizeof(ArrowArrayStream))
    cdef Stream* own = <Stream*>calloc(1, sizeof(Stream))
    cdef BlockHolder holder
    if own != NULL:
        own.blocks = <Block**>calloc(len(holders) + 1, sizeof(Block*))
    if stream == NULL or own == NULL or own.blocks == NULL:
        free(stream)
        free(own)
        raise MemoryError
    own.layout = layout[0]
    for holder in holders:
        count_up(&holder.block.references)
        own.blocks[own.count] = holder.block
        own.count += 1
    stream.get_schema = stream_schema
    stream.get_next = stream_next
    stream.get_last_error = stream_error
    stream.release = release_stream
    stream.private_data = own
    return PyCapsule_New(stream, b"arrow_array_stream", drop_stream)


cdef class Batches:
    """Blocks that were read, as an Arrow stream of these columns; gives a fresh stream as often as it is asked."""

    cdef readonly list held
    cdef Layout layout

    def __init__(self, batches, columns):
        cdef int slot
        self.held = list(batches)
        self.layout.count = 0
        for name in columns:
            slot = COLUMNS.index(name)
            self.layout.slots[self.layout.count] = slot
            self.layout.names[self.layout.count] = NAMES_OF[slot]
            self.layout.kinds[self.layout.count] = KINDS_OF[slot]
            self.layout.count += 1

    @property
    def num_rows(self):
        return sum(len(batch) for batch in self.held)

    @property
    def reach(self):
        """The first and the last time of the rows, None if none has one."""
        found = [reach for reach in [batch.reach() for batch in self.held] if reach is not None]
        return (min(low for low, _ in found), max(high for _, high in found)) if found else None

    @property
    def files(self):
        """The files read, by their number."""
        return {batch.file_no: batch.file for batch in self.held}

    def groups(self, specs, int64_t bar_seconds):
        """Empty tallies, to which these batches may be added."""
        return Groups(specs, bar_seconds)

    def __arrow_c_stream__(self, requested_schema=None):
        for batch in self.held:
            (<Batch>batch).put_in_order()
        return stream_of(self.held, &self.layout)
