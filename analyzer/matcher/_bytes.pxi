# Bytes: searching, classes of bytes, and what a field may hold. Every function takes (p, end) and reads nothing beyond.

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memmove, memset

ctypedef const uint8_t* cp

cdef extern from *:
    """
    #include <stdlib.h>
    #ifdef __GLIBC__
    #include <malloc.h>
    static void give_memory_back(void) { malloc_trim(0); }
    #else
    static void give_memory_back(void) {}
    #endif
    """
    void give_memory_back() nogil  # what was freed, to the system: many pieces leave gaps that nothing fits into

cdef extern from *:
    """
    #include <string.h>
    #include <stdint.h>
    /* digit 1, letter 2, upper-case hexadecimal 4, vowel 8, of a host's name 16, of a program's name 32, of an address 64 */
    static const uint8_t kind_of_byte[256] = {
        0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
        0,0,0,0,0,0,0,0,0,0,0,0,0,48,112,32,117,117,117,117,117,117,117,117,117,117,64,0,0,0,0,0,
        0,126,118,118,118,126,118,50,50,58,50,50,50,50,50,58,50,50,50,50,50,58,50,50,50,50,50,0,0,0,0,48,
        0,122,114,114,114,122,114,50,50,58,50,50,50,50,50,58,50,50,50,50,50,58,50,50,50,50,50,0,0,0,0,0,
        0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
        0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
        0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
        0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0
    };
    static inline int equal_bytes(const uint8_t *a, const uint8_t *b, long n) {
        uint64_t x, y;
        uint32_t v, w;
        if (n >= 8) {
            const uint8_t *last = a + n - 8;
            for (; a < last; a += 8, b += 8) {
                memcpy(&x, a, 8); memcpy(&y, b, 8);
                if (x != y) return 0;
            }
            b -= a - last;
            memcpy(&x, last, 8); memcpy(&y, b, 8);
            return x == y;
        }
        if (n >= 4) {
            memcpy(&v, a, 4); memcpy(&w, b, 4);
            if (v != w) return 0;
            memcpy(&v, a + n - 4, 4); memcpy(&w, b + n - 4, 4);
            return v == w;
        }
        return n <= 0 || (a[0] == b[0] && a[n >> 1] == b[n >> 1] && a[n - 1] == b[n - 1]);
    }
    /* which byte of a literal to look for: a blank is in every line a hundred times */
    static inline long rare_byte(const uint8_t *what, long n) {
        if (n < 2 || what[0] != 32) return 0;
        return what[n - 1] != 32 ? n - 1 : 1;
    }
    static const uint8_t *find_bytes(const uint8_t *p, const uint8_t *e, const uint8_t *what, long n) {
        const long rare = rare_byte(what, n);
        if (n <= 0) return p;
        while (e - p >= n) {
            const uint8_t *q = (const uint8_t *)memchr(p + rare, what[rare], (size_t)(e - p - n + 1));
            if (!q) return 0;
            q -= rare;
            if (equal_bytes(q, what, n)) return q;
            p = q + 1;
        }
        return 0;
    }
    /* the last place in [p, e) where all of `what` stands before e */
    static const uint8_t *rfind_bytes(const uint8_t *p, const uint8_t *e, const uint8_t *what, long n) {
        const long rare = rare_byte(what, n);
        const uint8_t *q = e - n;
        if (n <= 0 || e - p < n) return 0;
        for (;;) {
    #if defined(__GLIBC__)
            q = (const uint8_t *)memrchr(p + rare, what[rare], (size_t)(q - p + 1));
            if (!q) return 0;
            q -= rare;
    #else
            while (q > p && q[rare] != what[rare]) q--;
            if (q[rare] != what[rare]) return 0;
    #endif
            if (equal_bytes(q, what, n)) return q;
            if (q == p) return 0;
            q--;
        }
    }
    #if defined(__GNUC__) || defined(__clang__)
    #define lowest_bit(x) __builtin_ctzll(x)
    #define prefetch(p) __builtin_prefetch(p)
    #else
    #define prefetch(p) ((void)(p))
    static int lowest_bit(uint64_t x) { int n = 0; while (!(x & 1)) { x >>= 1; n++; } return n; }
    #endif
    /* Every hash depends on a number drawn at the start of the process: nobody can write a log whose texts all collide. */
    static uint64_t hash_seed = 0x9E3779B97F4A7C15ull;
    static inline uint64_t mixed(uint64_t a, uint64_t b) {
        uint64_t h = (a ^ (b * 0xff51afd7ed558ccdull)) * 0x9FB21C651E98DF25ull;
        h ^= h >> 32; h *= 0xff51afd7ed558ccdull; h ^= h >> 29;
        return h ? h : 1;
    }
    /* 64 bits for a text, never 0 */
    static inline uint64_t key_of(const uint8_t *s, long n, uint64_t seed) {
        uint64_t h = hash_seed ^ seed ^ ((uint64_t)n * 0xff51afd7ed558ccdull), a;
        while (n >= 8) { memcpy(&a, s, 8); h = (h ^ a) * 0x9FB21C651E98DF25ull; h ^= h >> 32; s += 8; n -= 8; }
        a = 0; if (n > 0) memcpy(&a, s, (size_t)n);
        h = (h ^ a) * 0x9FB21C651E98DF25ull; h ^= h >> 29; h *= 0xff51afd7ed558ccdull; h ^= h >> 32;
        return h ? h : 1;
    }
    static uint32_t hash_bytes(const uint8_t *s, long n) { return (uint32_t)key_of(s, n, 0); }
    /* A to Z in eight bytes at once to lower case */
    static inline uint64_t lower_8(uint64_t x) {
        const uint64_t seven = x & 0x7f7f7f7f7f7f7f7full;
        const uint64_t upper = ((seven + 0x3f3f3f3f3f3f3f3full) ^ (seven + 0x2525252525252525ull)) & ~x & 0x8080808080808080ull;
        return x | (upper >> 2);
    }
    /* the key of a text in lower case */
    static inline uint64_t lower_key(const uint8_t *s, long n) {
        uint64_t h = hash_seed ^ ((uint64_t)n * 0xff51afd7ed558ccdull), a;
        while (n >= 8) { memcpy(&a, s, 8); h = (h ^ lower_8(a)) * 0x9FB21C651E98DF25ull; h ^= h >> 32; s += 8; n -= 8; }
        a = 0; if (n > 0) memcpy(&a, s, (size_t)n);
        h = (h ^ lower_8(a)) * 0x9FB21C651E98DF25ull; h ^= h >> 29; h *= 0xff51afd7ed558ccdull; h ^= h >> 32;
        return h ? h : 1;
    }
    static void copy_bytes(uint8_t *d, const uint8_t *s, long n) {
        if (n > 32) { memcpy(d, s, (size_t)n); }
        else if (n >= 16) { memcpy(d, s, 16); memcpy(d + n - 16, s + n - 16, 16); }
        else if (n >= 8) { memcpy(d, s, 8); memcpy(d + n - 8, s + n - 8, 8); }
        else if (n >= 4) { memcpy(d, s, 4); memcpy(d + n - 4, s + n - 4, 4); }
        else if (n > 0) { d[0] = s[0]; d[n >> 1] = s[n >> 1]; d[n - 1] = s[n - 1]; }
    }
    static int has_high(const uint8_t *p, const uint8_t *e) {
        uint64_t all = 0, a;
        while (e - p >= 32) {
            memcpy(&a, p, 8); all |= a; memcpy(&a, p + 8, 8); all |= a;
            memcpy(&a, p + 16, 8); all |= a; memcpy(&a, p + 24, 8); all |= a; p += 32;
        }
        while (p < e) all |= *p++;
        return (all & 0x8080808080808080ull) != 0;
    }
    """
    const uint8_t[256] kind_of_byte
    bint equal_bytes(cp a, cp b, long n) noexcept nogil
    cp find_bytes(cp p, cp e, cp what, long n) noexcept nogil
    cp rfind_bytes(cp p, cp e, cp what, long n) noexcept nogil
    int lowest_bit(uint64_t x) noexcept nogil
    void prefetch(const void* p) noexcept nogil
    uint64_t hash_seed
    uint64_t mixed(uint64_t a, uint64_t b) noexcept nogil
    uint64_t key_of(cp s, long n, uint64_t seed) noexcept nogil
    uint64_t lower_key(cp s, long n) noexcept nogil
    uint32_t hash_bytes(cp s, long n) noexcept nogil
    void copy_bytes(uint8_t* d, cp s, long n) noexcept nogil
    int has_high(cp p, cp e) noexcept nogil


cdef inline bint is_digit(uint8_t c) noexcept nogil:
    return kind_of_byte[c] & 1


cdef inline bint is_letter(uint8_t c) noexcept nogil:
    return (kind_of_byte[c] & 2) != 0


cdef inline bint is_alnum(uint8_t c) noexcept nogil:
    return (kind_of_byte[c] & 3) != 0


cdef inline bint is_word(uint8_t c) noexcept nogil:
    return (kind_of_byte[c] & 3) != 0 or c == 95


cdef inline uint8_t lower(uint8_t c) noexcept nogil:
    return c + 32 if 65 <= c <= 90 else c


cdef inline bint begins(cp p, cp e, cp what, long n) noexcept nogil:
    return e - p >= n and equal_bytes(p, what, n)


cdef inline bint begins_with(cp p, cp e, const char* what, long n) noexcept nogil:
    return e - p >= n and equal_bytes(p, <cp>what, n)


cdef inline cp find_text(cp p, cp e, const char* what, long n) noexcept nogil:
    return find_bytes(p, e, <cp>what, n)


cdef inline cp rfind_text(cp p, cp e, const char* what, long n) noexcept nogil:
    return rfind_bytes(p, e, <cp>what, n)


cdef inline uint8_t last_of(cp e) noexcept nogil:
    """The byte in front of e, of which the caller knows that it is there."""
    return (e - 1)[0]


cdef cp skip_quoted(cp p, cp e) noexcept nogil:
    """Behind the closing quote of the string that begins at p; NULL if it is not closed."""
    p += 1
    while p < e:
        if p[0] == 34:
            return p + 1
        if p[0] == 92:
            if e - p < 2:
                return NULL
            p += 2
        else:
            p += 1
    return NULL


cdef cp skip_mailbox(cp p, cp e) noexcept nogil:
    """Up to the `>` that ends a mailbox; escapes and closed quoted strings are taken whole."""
    cdef cp q
    while p < e:
        if p[0] == 60 or p[0] == 62:
            break
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


cdef cp skip_run(cp p, cp e) noexcept nogil:
    """A run without blank, up to a colon before a blank or the end."""
    while p < e and p[0] != 32:
        if p[0] == 58 and (e - p < 2 or p[1] == 32):
            break
        p += 1
    return p


cdef inline cp skip_digits(cp p, cp e) noexcept nogil:
    while p < e and is_digit(p[0]):
        p += 1
    return p


cdef inline int two_digits(cp p) noexcept nogil:
    return (p[0] - 48) * 10 + (p[1] - 48)


cdef int64_t whole(cp p, cp e) noexcept nogil:
    """The number that at most 18 digits write."""
    cdef int64_t number = 0
    while p < e:
        number = number * 10 + (p[0] - 48)
        p += 1
    return number


cdef int utf8_length(cp p, cp e) noexcept nogil:
    """Length of the valid UTF-8 sequence of more than one byte at p; 0 if there is none."""
    cdef uint8_t c = p[0]
    if c < 0xC2 or c > 0xF4:
        return 0
    if c < 0xE0:
        return 2 if e - p >= 2 and (p[1] & 0xC0) == 0x80 else 0
    if c < 0xF0:
        if e - p < 3 or (p[1] & 0xC0) != 0x80 or (p[2] & 0xC0) != 0x80:
            return 0
        if (c == 0xE0 and p[1] < 0xA0) or (c == 0xED and p[1] > 0x9F):
            return 0
        return 3
    if e - p < 4 or (p[1] & 0xC0) != 0x80 or (p[2] & 0xC0) != 0x80 or (p[3] & 0xC0) != 0x80:
        return 0
    if (c == 0xF0 and p[1] < 0x90) or (c == 0xF4 and p[1] > 0x8F):
        return 0
    return 4


cdef inline uint8_t hexadecimal(int n) noexcept nogil:
    return 48 + n if n < 10 else 87 + n


cdef int64_t write_utf8(uint8_t* d, cp p, cp e) noexcept nogil:
    """Valid UTF-8 of any bytes: those that are none become `\\xNN`. At most four bytes for one; the number written."""
    cdef uint8_t* start = d
    cdef int n, i
    while p < e:
        if p[0] < 128:
            d[0] = p[0]
            d += 1
            p += 1
            continue
        n = utf8_length(p, e)
        if n:
            for i in range(n):
                d[i] = p[i]
            d += n
            p += n
        else:
            d[0], d[1], d[2], d[3] = 92, 120, hexadecimal(p[0] >> 4), hexadecimal(p[0] & 15)
            d += 4
            p += 1
    return d - start


cdef inline bint is_control(uint32_t c) noexcept nogil:
    """What a terminal or a page might obey: the reference's `_CONTROL`."""
    return (
        (c < 32 and c != 9) or (127 <= c <= 159) or c == 0x200E or c == 0x200F or (0x2028 <= c <= 0x202E)
        or (0x2066 <= c <= 0x2069) or c == 0xFEFF
    )


cdef int64_t write_printable(uint8_t* d, cp p, cp e) noexcept nogil:
    """Like write_utf8, with control characters escaped too."""
    cdef uint8_t* start = d
    cdef uint32_t c
    cdef int n, i
    while p < e:
        if p[0] < 128:
            if is_control(p[0]):
                d[0], d[1], d[2], d[3] = 92, 120, hexadecimal(p[0] >> 4), hexadecimal(p[0] & 15)
                d += 4
            else:
                d[0] = p[0]
                d += 1
            p += 1
            continue
        n = utf8_length(p, e)
        if not n:
            d[0], d[1], d[2], d[3] = 92, 120, hexadecimal(p[0] >> 4), hexadecimal(p[0] & 15)
            d += 4
            p += 1
            continue
        c = 0
        if n == 2:
            c = ((p[0] & 31) << 6) | (p[1] & 63)
        elif n == 3:
            c = ((p[0] & 15) << 12) | ((p[1] & 63) << 6) | (p[2] & 63)
        if n < 4 and is_control(c):
            d[0] = 92
            if c < 256:
                d[1], d[2], d[3] = 120, hexadecimal(c >> 4), hexadecimal(c & 15)
                d += 4
            else:
                d[1] = 117
                for i in range(4):
                    d[2 + i] = hexadecimal((c >> (12 - 4 * i)) & 15)
                d += 6
        else:
            for i in range(n):
                d[i] = p[i]
            d += n
        p += n
    return d - start
