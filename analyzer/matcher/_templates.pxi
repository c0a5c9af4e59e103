# The interpreter: runs a template's operations over a string, then its sub-templates and constants.

cdef enum:
    OP_END = 0
    OP_LIT, OP_RUN, OP_MAILBOX, OP_QUOTED, OP_CUTQUOTED, OP_REST, OP_CODED, OP_OPT, OP_SET, OP_LIST, OP_TAIL, OP_SCAN
    OP_SIZE = 6
    TAIL_TRIES = 128

cdef enum:
    RULE_ALWAYS = 0
    RULE_BY, RULE_THERE, RULE_ABSENT


cdef inline cp field(Machine* m, Fields* f, int32_t* op, bint store, cp p, cp e) noexcept nogil:
    """One field; the new place, or NULL."""
    cdef cp s = p
    cdef cp table
    cdef int code = op[0]
    if code == OP_RUN:
        table = m.classes + op[1]
        while p < e and table[p[0]]:
            p += 1
        if p - s < op[2]:
            return NULL
    elif code == OP_MAILBOX:
        p = skip_mailbox(p, e)
    elif code == OP_REST:
        p = e
    elif code == OP_SCAN:
        return scan(m, f, op[1], op[4] if store else NOTHING, op[5], p, e)
    elif code == OP_QUOTED:
        if p >= e or p[0] != 34:
            return NULL
        p = skip_quoted(p, e)
        if p == NULL:
            return NULL
    elif code == OP_CUTQUOTED:
        if p >= e or p[0] != 34:
            return NULL
        p = skip_quoted(p, e)
        if p == NULL:
            p = e
    elif code == OP_CODED:
        if not (e - p >= 3 and 50 <= p[0] <= 53 and is_digit(p[1]) and is_digit(p[2])):
            return NULL
        if e - p > 3 and p[3] != 32 and p[3] != 45:
            return NULL
        p = e
    else:
        return NULL
    if store and (op[4] != NOTHING or op[3] == SAVE_INREPLY or op[3] == SAVE_DELAYS4):
        save(m, f, op[4], op[3], s, p)
    return p


cdef cp run(Machine* m, Fields* f, int ip, cp p) noexcept nogil:
    """Run operations from a place; the place reached, or NULL. No operation gives back what it took."""
    cdef int32_t* op
    cdef cp e = m.end
    cdef cp s
    cdef cp table
    cdef cp literals = m.literals
    cdef cp classes = m.classes
    cdef int32_t* ops = m.ops
    cdef uint64_t numbers = m.number_slots
    cdef int word
    cdef int32_t* w
    while True:
        op = ops + OP_SIZE * ip
        ip += 1
        if op[0] == OP_LIT:
            if not begins(p, e, literals + op[1], op[2]):
                return NULL
            p += op[2]
        elif op[0] == OP_RUN:
            s = p
            table = classes + op[1]
            while e - p >= 4 and table[p[0]] and table[p[1]] and table[p[2]] and table[p[3]]:
                p += 4
            while p < e and table[p[0]]:
                p += 1
            if p - s < op[2]:
                return NULL
            if op[4] >= 0 and op[3] == SAVE_TEXT and not numbers & bit(op[4]):
                put(f, op[4], s, p)
            elif op[4] != NOTHING or op[3] == SAVE_DELAYS4:
                save(m, f, op[4], op[3], s, p)
        elif op[0] == OP_OPT:
            if begins(p, e, literals + op[1], op[2]):
                p += op[2]
            else:
                ip = op[3]
        elif op[0] == OP_END:
            return p
        elif op[0] == OP_SET:
            word = word_at(m, op[1], op[2], p, e, False)
            if word < 0:
                return NULL
            w = m.words + 5 * word
            p += w[1]
            if w[2]:
                if m.code_slots & bit(op[4]):
                    put_number(f, op[4], w[3])
                else:
                    put(f, op[4], literals + w[3], literals + w[3] + w[4])
        elif op[0] == OP_LIST:
            p = key_list(m, f, m.lists + 7 * op[1], p)
        elif op[0] == OP_TAIL:
            return tail(m, f, op, ip, p)
        else:
            p = field(m, f, op, True, p, e)
            if p == NULL:
                return NULL


cdef cp tail(Machine* m, Fields* f, int32_t* op, int ip, cp p) noexcept nogil:
    """Up to the last place of the literal from which the rest matches to the end."""
    cdef cp high = m.end
    cdef cp place
    cdef int i, slot
    cdef uint64_t left
    for i in range(TAIL_TRIES):
        place = rfind_bytes(p, high, m.literals + op[1], op[2])
        if place == NULL:
            return NULL
        clear(&m.trial)
        if run(m, &m.trial, ip, place + op[2]) == m.end:
            if op[4] != NOTHING:
                save_text(m, f, op[4], p, place)
            left = m.trial.mask & ~f.mask
            while left:
                slot = lowest_bit(left)
                left &= left - 1
                copy_field(f, &m.trial, slot)
            return m.end
        high = place + op[2] - 1
    return NULL


cdef cp key_list(Machine* m, Fields* f, int32_t* definition, cp p) noexcept nogil:
    """Key and value, or a bare word, as long as they follow each other; ends before the separator."""
    cdef cp e = m.end
    cdef cp sep = m.literals + definition[0]
    cdef int sep_length = definition[1]
    cdef bint first = p == m.base or (p - m.base >= sep_length and equal_bytes(p - sep_length, sep, sep_length))
    cdef uint64_t seen = 0
    cdef cp place
    cdef cp q
    cdef cp end
    cdef int i = 0, n, expected = 0
    cdef int32_t* key
    while True:
        place = p
        if begins(p, e, sep, sep_length):
            place += sep_length
        elif not first:
            return p
        q = place
        while q < e and q - place < 40 and (is_word(q[0]) or q[0] == 42 or q[0] == 46 or q[0] == 45):
            q += 1
        if q == place or q >= e or q[0] != 61:
            q = bare_word(m, definition, sep[0], place, e)
            if q == NULL or (place == p and not first):
                return p
            p = q
            first = False
            continue
        first = False
        key = NULL
        for n in range(definition[4]):
            # The keys of a line mostly come in the order of the list.
            i = expected
            expected = expected + 1 if expected + 1 < definition[4] else 0
            key = m.keys + 6 * (definition[3] + i)
            if key[1] == q - place and (m.literals + key[0])[0] == place[0] and equal_bytes(place, m.literals + key[0], key[1]):
                break
            key = NULL
        end = NULL
        if key != NULL:
            end = key_value(m, f, key, not seen & bit(i) or key[3] & 1, q + 1, e)
            seen |= bit(i)
        if end == NULL:
            end = plain_value(m, f, m.ops + OP_SIZE * definition[2], False, q + 1, e)
        p = q + 1 if end == NULL else end
        if key != NULL and key[3] & 2:
            return p


cdef cp bare_word(Machine* m, int32_t* definition, uint8_t separator, cp p, cp e) noexcept nogil:
    cdef int i
    cdef int32_t* flag
    for i in range(definition[6]):
        flag = m.flags + 2 * (definition[5] + i)
        if begins(p, e, m.literals + flag[0], flag[1]) and (p + flag[1] == e or p[flag[1]] == separator):
            return p + flag[1]
    return NULL


cdef cp key_value(Machine* m, Fields* f, int32_t* key, bint store, cp p, cp e) noexcept nogil:
    cdef int32_t* op = m.ops + OP_SIZE * key[2]
    cdef cp q
    if key[5]:
        q = find_bytes(p, e, m.literals + key[4], key[5])
        if q == NULL:
            q = e
        if store:
            save_text(m, f, op[4], p, q)
        return q
    if not store or not key[3] & 1 or op[4] == NOTHING:
        return plain_value(m, f, op, store, p, e)
    # The last value of this key counts: try it first, then forget what was stored.
    q = plain_value(m, f, op, False, p, e)
    if q == NULL:
        return NULL
    if op[0] != OP_SCAN:
        if op[4] == REPLY:
            forget(f, C_REPLY_CODE)
            forget(f, C_ENHANCED_CODE)
            forget(f, C_TEXT)
        elif op[4] >= 0:
            forget(f, op[4])
    return plain_value(m, f, op, True, p, e)


cdef cp plain_value(Machine* m, Fields* f, int32_t* op, bint store, cp p, cp e) noexcept nogil:
    """A value; a mailbox stands in brackets here."""
    cdef cp q
    if op[0] == OP_MAILBOX:
        if p >= e or p[0] != 60:
            return NULL
        q = skip_mailbox(p + 1, e)
        if q >= e or q[0] != 62:
            return NULL
        if store and op[4] != NOTHING:
            save(m, f, op[4], op[3], p + 1, q)
        return q + 1
    return field(m, f, op, store, p, e)


# ---- constants
cdef void fill(Machine* m, Fields* f, int32_t* choice) noexcept nogil:
    cdef int i, slot
    cdef int32_t* one
    for i in range(choice[2], choice[2] + choice[3]):
        one = m.fills + 3 * i
        slot = one[0]
        if f.mask & bit(slot):
            continue
        f.mask |= bit(slot)
        if one[2] < 0:
            f.nulls |= bit(slot)
        elif m.code_slots & bit(slot):
            f.v[slot] = one[1]
        else:
            f.s[slot] = m.literals + one[1]
            f.e[slot] = m.literals + one[1] + one[2]


cdef void fill_by(Machine* m, Fields* f, int32_t* rule) noexcept nogil:
    """The constants for the whole of a column's value, else those for its first character."""
    cdef cp s
    cdef cp e
    cdef uint8_t digits[24]
    cdef int64_t number
    cdef int i, n, slot = rule[1]
    cdef int32_t* choice
    cdef int32_t* by_first = NULL
    if m.code_slots & bit(slot):
        s = m.closed[slot][f.v[slot]].s
        e = m.closed[slot][f.v[slot]].e
    elif m.number_slots & bit(slot):
        number = f.v[slot]
        n = 24
        while True:
            n -= 1
            digits[n] = 48 + <int>(number % 10)
            number //= 10
            if number == 0:
                break
        s = digits + n
        e = digits + 24
    else:
        s = f.s[slot]
        e = f.e[slot]
    for i in range(rule[2], rule[2] + rule[3]):
        choice = m.choices + 4 * i
        if choice[1] == e - s and equal_bytes(s, m.literals + choice[0], choice[1]):
            fill(m, f, choice)
            return
        if choice[1] == 1 and s < e and s[0] == m.literals[choice[0]]:
            by_first = choice
    if by_first != NULL:
        fill(m, f, by_first)


cdef void apply_rules(Machine* m, Fields* f, int first, int count) noexcept nogil:
    cdef int i
    cdef int32_t* rule
    cdef bint there
    for i in range(first, first + count):
        rule = m.rules + 4 * i
        if rule[0] == RULE_ALWAYS:
            fill(m, f, m.choices + 4 * rule[2])
            continue
        there = rule[1] >= 0 and has(f, rule[1])
        if rule[0] == RULE_BY:
            if there:
                if rule[1] == C_RECIPIENT and f.items >= 0:
                    m.declined = True
                else:
                    fill_by(m, f, rule)
        elif there == (rule[0] == RULE_THERE):
            fill(m, f, m.choices + 4 * rule[2])


cdef void finish_match(Machine* m, int32_t* template) noexcept nogil:
    """Sub-templates over the text, then constants, in the reference's order."""
    cdef Fields* f = &m.line
    cdef int i, slot
    cdef int32_t* sub
    cdef Span text
    cdef cp base = m.base
    cdef cp end = m.end
    cdef uint64_t left
    if template[3] and has(f, C_TEXT) and not f.mask & bit(C_REPLY_CODE):
        text.s = f.s[C_TEXT]
        text.e = f.e[C_TEXT]
        m.base = text.s
        m.end = text.e
        for i in range(template[2], template[2] + template[3]):
            sub = m.subs + 3 * i
            if sub[0] < 0:
                m.declined = True
                break
            clear(&m.found)
            if run(m, &m.found, sub[0], text.s) == text.e:
                forget(f, C_TEXT)
                left = m.found.mask
                while left:
                    slot = lowest_bit(left)
                    left &= left - 1
                    copy_field(f, &m.found, slot)
                put(f, C_TEXT, text.s, text.e)
                apply_rules(m, f, sub[1], sub[2])
                break
        m.base = base
        m.end = end
    apply_rules(m, f, template[0], template[1])


# ---- queue IDs and dispatch
cdef cp behind_id(int shape, cp p, cp e, Span* id) noexcept nogil:
    """Behind the queue ID (or NOQUEUE, which is none) in front of a message; NULL if there is neither."""
    cdef cp q = p
    cdef cp r
    cdef int64_t n
    cdef uint8_t all_of = 255, some_of = 0
    id.s = id.e = NULL
    if shape == 2:
        while q < e and is_alnum(q[0]):
            q += 1
        if q - p != 6 or q >= e or q[0] != 45:
            return NULL
        r = q + 1
        q = r
        while q < e and is_alnum(q[0]):
            q += 1
        if q - r < 6 or q - r > 11 or q >= e or q[0] != 45:
            return NULL
        r = q + 1
        q = r
        while q < e and is_alnum(q[0]):
            q += 1
        if q - r < 2 or q - r > 4 or (q < e and q[0] != 32):
            return NULL
        id.s, id.e = p, q
        return q if q == e else q + 1
    if begins_with(p, e, b"NOQUEUE: ", 9):
        return p + 9
    while q < e and kind_of_byte[q[0]] & 3:
        all_of &= kind_of_byte[q[0]]
        some_of |= kind_of_byte[q[0]]
        q += 1
    n = q - p
    if n < 5 or n > 24 or not begins_with(q, e, b": ", 2):
        return NULL
    if shape == 1:
        if not (all_of & 4 and n <= 18) and (some_of & 8 or n < 10):
            return NULL
    else:
        r = q
        while r > p and is_digit(last_of(r)):
            r -= 1
        if n > 18 or n < 8 or q - r < 5 or q - r < n - 8:
            return NULL
    id.s, id.e = p, q
    return q + 2


cdef bint recognise(Machine* m, int group, cp p, cp e) noexcept nogil:
    """Run the templates of a group over a message; whether one takes it all. `m.line` holds its fields then."""
    cdef Span id
    cdef cp s
    cdef int32_t* own = m.groups + 3 * group
    cdef int32_t* first
    cdef int32_t* candidate
    cdef int i
    m.base = p
    m.end = e
    if own[1] == 0:  # a shape of queue IDs that is not known here
        m.declined = True
        return False
    s = behind_id(own[1], p, e, &id)
    first = m.first + 257 * (2 * group + (s != NULL))
    if s == NULL:
        s = p
    if s >= e:
        return False
    for i in range(first[s[0]], first[s[0] + 1]):
        candidate = m.candidates + 5 * m.order[i]
        if not begins(s, e, m.literals + candidate[0], candidate[1]):
            continue
        if candidate[2] < 0:
            m.declined = True
            return False
        clear(&m.line)
        if run(m, &m.line, candidate[2], s + candidate[3]) == e:
            if id.s != NULL:
                forget(&m.line, C_QUEUE_ID)
                put(&m.line, C_QUEUE_ID, id.s, id.e)
            m.template = candidate[4]
            finish_match(m, m.templates + 4 * candidate[4])
            return not m.declined
        if m.declined:
            return False
    return False
