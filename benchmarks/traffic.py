"""A mail host's days: who writes to whom, when, and what comes of it. The lines themselves are each MTA's own file.

Every second has a list of lines, without their stamps; it is written when the clock has passed it, so that memory does not
grow with the log. A story (one connection, one message) puts its lines into this second and the ones after it; what
happens much later (a retry, a client that comes back) waits in a heap. When the log is long enough, no new story begins;
recipients that still wait for a retry then are the ones that the log leaves waiting.
"""

from __future__ import annotations

import datetime
import heapq
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import failures
from failures import Failure

#: Share of the day's traffic in each hour, and of the week's on each day from Monday.
HOURS = [2, 1, 1, 1, 1, 2, 3, 5, 8, 9, 9, 8, 7, 8, 9, 8, 7, 6, 4, 3, 3, 2, 2, 2]
WEEKDAYS = [1.2, 1.2, 1.2, 1.15, 1.1, 0.6, 0.55]
DOMAINS = 50_000
LOCAL_PARTS = 4_000
OWN_DOMAINS = ["example.net", "example.org", "example.com", "mail.example.net", "lists.example.org"]
LISTS = ["bl.example.net", "zen.example.org", "dnsbl.example.com"]
NAMES = [
    "anna",
    "bruno",
    "carla",
    "dario",
    "elena",
    "felix",
    "greta",
    "hugo",
    "ines",
    "jonas",
    "karin",
    "luca",
    "maria",
    "nina",
    "oscar",
    "paula",
    "quentin",
    "rosa",
    "stefan",
    "tania",
    "ulrich",
    "vera",
    "walter",
    "xenia",
    "yves",
    "zoe",
]
ROLES = [
    "info",
    "sales",
    "no-reply",
    "newsletter",
    "support",
    "billing",
    "office",
    "postmaster",
    "alerts",
    "bounce+tag",
]
CIPHERS = ["TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS "
           "(2048 bits) server-digest SHA256", "TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)",
           "TLSv1.3 with cipher TLS_AES_128_GCM_SHA256 (128/128 bits)"]  # fmt: skip
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
START = datetime.datetime(2026, 11, 16, tzinfo=datetime.UTC)  # a Monday
EPOCH = int(START.timestamp())
DAY = 86_400
GIVEN_UP = 5 * DAY
CLOCK = [f"{hour:02}:{minute:02}:{second:02} " for hour in range(24) for minute in range(60) for second in range(60)]


class Domain(NamedTuple):
    name: str
    host: str
    ip: str
    trouble: int  # 0: takes mail; 1: often refuses for now; 2: often refuses for good; 3: is dead
    failure: int  # its favourite answer


class Message:
    """A message in the queue with the recipients that are still to be served."""

    __slots__ = ("attempts", "bounced", "count", "left", "queue_id", "sender", "size", "time")

    def __init__(self, queue_id: str, sender: str, size: int, time: int, left: list[tuple[str, Domain]]) -> None:
        self.queue_id, self.sender, self.size, self.time, self.left = queue_id, sender, size, time, left
        self.count = len(left)
        self.attempts = 0
        self.bounced = False


class Traffic:
    """What the three MTAs share; each subclass has the stories and writes the lines."""

    #: (share, name of the method that tells the story)
    STORIES: tuple[tuple[float, str], ...] = ()
    HOST = "mx1 "
    BYTES_PER_STORY = 1_000  # for the rate only: how fast the clock runs through the log

    def __init__(
        self, seed: int, size: int, days: float, *, long_ids: bool = False, distinct_failures: int = 0
    ) -> None:
        self.rng = random.Random(seed)
        self.random = self.rng.random
        self.size, self.days, self.long_ids, self.distinct_failures = size, days, long_ids, distinct_failures
        self.second: defaultdict[int, list[str]] = defaultdict(list)
        self.later: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        self.counts: Counter[str] = Counter()
        self.serial = 0
        self.day = (-1, "")
        self.failed = 0
        self._make_world()

    def _make_world(self) -> None:
        rng = self.rng
        numbers = list(range(DOMAINS))
        rng.shuffle(numbers)  # so that rank says nothing about the name
        self.domains = [self._domain(rank, number) for rank, number in enumerate(numbers)]
        self.own = [Domain(name, f"mail.{name}", "10.0.0.25", 0, 0) for name in OWN_DOMAINS]
        parts = [
            f"{rng.choice(NAMES)}.{failures.syllables(n, 2)}" if n % 4 else f"{rng.choice(ROLES)}{n}"
            for n in range(LOCAL_PARTS)
        ]
        self.local_parts = parts
        self.sizes = [int(min(3e7, 1_200 + rng.lognormvariate(9.3, 1.4))) for _ in range(8_192)]
        self.delays = [rng.lognormvariate(0.1, 1.1) for _ in range(4_096)]

    def _domain(self, rank: int, number: int) -> Domain:
        name = f"{failures.syllables(number, 3)}.example"
        host = (
            f"mx{number % 3 + 1}.{name}"
            if number % 5
            else f"mail.{failures.syllables(number // 40, 3)}-hosting.example"
        )
        ip = f"198.18.{number >> 8}.{number & 255}" if number % 8 else f"2001:db8:{number:x}::25"
        trouble = 3 if rank % 64 == 40 else {13: 1, 14: 2}.get(rank % 16, 0)
        return Domain(name, host, ip, trouble, number % 97)

    # ------------------------------------------------------------------ who
    def domain(self) -> Domain:
        """A domain out there; the k-th most frequent comes 1/k as often (Zipf)."""
        return self.domains[int(DOMAINS ** self.random()) - 1]

    def address(self, domain: str) -> str:
        return f"{self.local_parts[int(LOCAL_PARTS ** self.random()) - 1]}@{domain}"

    def own_address(self) -> str:
        return self.address(OWN_DOMAINS[int(len(OWN_DOMAINS) ** self.random())])

    def stranger(self) -> str:
        """A client's address that no name belongs to."""
        n = int(self.random() * 65_536 ** self.random() * 90)
        if n % 11 == 0:
            return f"2001:db8:{n & 65_535:x}:{n >> 5 & 4_095:x}::{n & 255:x}"
        return f"198.19.{n >> 8 & 255}.{n & 255}" if n % 5 else f"203.0.113.{n & 255}"

    def addresses(self, count: int, own: bool) -> list[tuple[str, Domain]]:
        found: dict[str, Domain] = {}
        while len(found) < count:
            domain = self.own[int(len(OWN_DOMAINS) ** self.random())] if own else self.domain()
            found[self.address(domain.name)] = domain
        return list(found.items())

    def recipient_count(self) -> int:
        n = self.random()
        return 1 if n < 0.85 else 2 if n < 0.94 else 2 + int(self.random() * 6)

    # ------------------------------------------------------------------ what comes of it
    def outcome(self, domain: Domain, attempt: int) -> str:
        """sent, deferred, bounced, or lost (no reply at all: connection refused, timed out)."""
        n = self.random()
        if self.distinct_failures and n < 0.4:
            return "bounced"
        if domain.trouble == 3:
            return "deferred" if domain.failure % 2 else "lost"
        if domain.trouble == 1:
            return "deferred" if n < (0.7 if attempt < 2 else 0.35) else "lost" if n < 0.75 else "sent"
        if domain.trouble == 2:
            return "bounced" if n < 0.6 else "sent"
        return "sent" if n < 0.955 else "deferred" if n < 0.975 else "bounced" if n < 0.99 else "lost"

    def failure(self, domain: Domain, temporary: bool) -> Failure:
        if self.distinct_failures:
            number, most = self.failed, self.distinct_failures
            self.failed += 1
            return failures.distinct(number if number < most else int(most ** self.random()) - 1, temporary)
        choices = failures.TEMPORARY if temporary else failures.PERMANENT
        if self.random() < 0.7:
            return choices[domain.failure % len(choices)]
        return choices[int((len(choices) + 1) ** self.random()) - 1]

    def told(self, failure: Failure, recipient: str, domain: Domain) -> str:
        reply = failure.reply
        if "{" in reply:
            reply = reply.replace("{r}", recipient).replace("{h}", domain.host).replace("{i}", "192.0.2.25")
            reply = reply.replace("{x}", f"{self.rng.getrandbits(44):011x}")
        return reply

    def retry_at(self, time: int, attempt: int) -> int:
        return time + int(
            (300, 600, 1_200, 2_400)[min(attempt, 3)] * (1 + self.random() * 0.1) + 4_000 * (attempt > 4) * attempt
        )

    def wait(self, time: int, method: Callable[..., None], *arguments: object) -> None:
        self.serial += 1
        heapq.heappush(self.later, (time, self.serial, method, arguments))

    # ------------------------------------------------------------------ time
    def stamp_of_day(self, day: int) -> str:
        """What stands before the time of day."""
        date = START + datetime.timedelta(days=day)
        return f"{MONTHS[date.month - 1]} {date.day:2} "

    def prefix(self, second: int) -> str:
        """What stands before every line of this second: stamp and host, a blank at the end."""
        day, rest = divmod(second, DAY)
        if day != self.day[0]:
            self.day = day, self.stamp_of_day(day)
        return self.day[1] + CLOCK[rest] + self.HOST

    def blocks(self) -> Iterator[str]:
        """The log, some seconds at a time."""
        stories = [getattr(self, name) for _, name in self.STORIES]
        drawn = self.rng.choices(stories, [share for share, _ in self.STORIES], k=16_384)  # by share, without a search
        rate = self.size / self.BYTES_PER_STORY / (self.days * DAY)
        mean = sum(HOURS) / 24
        rates = [rate * HOURS[hour % 24] / mean * WEEKDAYS[hour // 24] for hour in range(24 * 7)]
        random_, log, later, pop = self.random, math.log, self.later, heapq.heappop
        time, now, written, told = 0.0, 0, 0, 0
        while written < self.size:
            time -= log(1 - random_()) / rates[int(time) // 3_600 % 168]
            now = int(time)
            while later and later[0][0] <= now:
                then, _, method, arguments = pop(later)
                method(then, *arguments)
            drawn[int(random_() * 16_384)](now)
            told += 1
            if told % 32 == 0:
                block = self._until(now)
                written += len(block)
                yield block
        for _, _, _, arguments in later:
            self.counts["waiting"] += sum(len(a.left) for a in arguments if isinstance(a, Message))
        later.clear()
        last = max(self.second, default=now)
        self.counts["last_second"] = EPOCH + last
        yield self._until(last + 1)

    def _until(self, end: int) -> str:
        """The lines of all seconds before this one."""
        take, prefix_of, parts, lines_written = self.second.pop, self.prefix, [], 0
        for second in sorted([s for s in self.second if s < end]):
            lines = take(second)
            lines_written += len(lines)
            prefix = prefix_of(second)
            parts.append(prefix + ("\n" + prefix).join(lines) + "\n")
        self.counts["lines"] += lines_written
        return "".join(parts)
