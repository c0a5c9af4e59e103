"""Stories of a sendmail host at log level 9: mailboxes through a local mailer, the world through esmtp."""

from __future__ import annotations

import datetime

from refusals import SENDMAIL
from traffic import GIVEN_UP, LISTS, START, Domain, Message, Traffic

BASE60 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
PAIRS = [a + b for a in BASE60 for b in BASE60]
CIPHERS = ["version=TLSv1.3, verify=NO, cipher=TLS_AES_256_GCM_SHA384, bits=256/256",
           "version=TLSv1.2, verify=FAIL, cipher=ECDHE-RSA-AES256-GCM-SHA384, bits=256/256"]  # fmt: skip
#: Subjects of enhanced status codes for which sendmail's own opinion is `User unknown`.
UNKNOWN = ("5.1", "5.2")
EXPIRED = "Cannot send message for 5 days"


class Sendmail(Traffic):
    STORIES = (
        (34.0, "inbound"), (22.0, "submission"), (17.0, "refused"), (7.0, "guessed_login"), (9.0, "silent"), (4.0, "lost"),
        (2.0, "milter_rejected"), (5.0, "unknown_user"),
    )  # fmt: skip
    BYTES_PER_STORY = 520

    # ------------------------------------------------------------------ the queue
    def queue_id(self, now: int) -> str:
        """Year, month, day, hour, minute, second, two of a counter, six digits of the process ID, which goes up."""
        self.serial += 1
        when = START + datetime.timedelta(seconds=now)
        b = BASE60
        stamp = (
            b[(when.year - 1900) % 60]
            + b[when.month - 1]
            + b[when.day]
            + b[when.hour]
            + b[when.minute]
            + b[when.second]
        )
        return f"{stamp}{PAIRS[int(self.random() * 3_600)]}{self.serial % 1_000_000:06}"

    def arrived(self, now: int, sender: str, relay: str, domain: str, recipients: list[tuple[str, Domain]]) -> Message:
        queue_id, size = self.queue_id(now), self.sizes[int(self.random() * 8_192)]
        self.second[now].append(
            f"sm-mta[{queue_id[8:].lstrip('0')}]: {queue_id}: from=<{sender}>, size={size}, class=0, nrcpts={len(recipients)}, "
            f"msgid=<{now:x}.{queue_id}@{domain}>, proto=ESMTPS, daemon=MTA, relay={relay}"
        )
        self.counts["accepted"] += 1
        self.counts["bytes_received"] += size
        self.counts["recipients"] += len(recipients)
        return Message(queue_id, sender, size, now, recipients)

    def deliver_here(self, now: int, message: Message) -> None:
        names = ",".join(f"<{recipient}>" for recipient, _ in message.left)
        k = len(message.left)
        self.serial += 1
        self.second[now + int(self.random() * 2)].append(
            f"sm-mta[{self.serial % 1_000_000}]: {message.queue_id}: to={names}, delay=00:00:01, xdelay=00:00:00, mailer=local, "
            f"pri={k * 30_000 + message.size}, dsn=2.0.0, stat=Sent"
        )
        self.counts["delivered"] += k

    def attempt(self, now: int, message: Message) -> None:
        """One attempt; recipients of the same domain share a line, as they shared the session."""
        message.attempts += 1
        left: list[tuple[str, Domain]] = []
        end = now
        given_up = now - message.time >= GIVEN_UP
        together: dict[Domain, list[str]] = {}
        for recipient, domain in message.left:
            together.setdefault(domain, []).append(recipient)
        self.serial += 1
        head = f"sm-mta[{self.serial % 1_000_000}]: {message.queue_id}: "
        reason = ""
        for domain, names in together.items():
            outcome = self.outcome(domain, message.attempts)
            seconds = int(self.delays[int(self.random() * 4_096)])
            then = now + seconds
            end = max(end, then)
            lines = self.second[then]
            days, rest = divmod(then - message.time, 86_400)
            delay = f"{f'{days}+' if days else ''}{rest // 3_600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
            to = (
                f"{head}to={','.join(f'<{name}>' for name in names)}, delay={delay}, xdelay=00:00:{seconds % 60:02}, mailer=esmtp, "
                f"pri={message.size + len(names) * 30_000 + message.attempts * 90_000}, relay={domain.host}. [{domain.ip}], dsn="
            )
            if outcome == "sent":
                if seconds % 2:
                    lines.append(
                        f"sm-mta[{self.serial % 1_000_000}]: STARTTLS=client, relay={domain.host}., {CIPHERS[now % 2]}"
                    )
                lines.append(f"{to}2.0.0, stat=Sent (Ok: queued as {self.rng.getrandbits(44):011X})")
                self.counts["delivered"] += len(names)
            elif outcome == "bounced":
                failure = self.failure(domain, False)
                reply = self.told(failure, names[0], domain)
                reason = "User unknown" if failure.enhanced[:3] in UNKNOWN else "Service unavailable"
                lines.append(f"{to}{failure.enhanced or '5.0.0'}, reply={reply}, stat={reason}")
                self.counts["bounced"] += len(names)
            else:
                if outcome == "lost":
                    lines.append(f"{to}4.4.1, stat=Deferred: Connection timed out with {domain.host}.")
                else:
                    failure = self.failure(domain, True)
                    reply = self.told(failure, names[0], domain)
                    lines.append(f"{to}{failure.enhanced or '4.0.0'}, reply={reply}, stat=Deferred: {reply}")
                self.counts["deferrals"] += len(names)
                left += [(name, domain) for name in names]
        if left and given_up:  # no line per recipient tells of it, only the one that announces the notification
            self.counts["bounced"] += len(left)
            left, reason = [], EXPIRED
        message.left = left
        if reason:
            self.notify(end, message, reason)
        if left:
            self.wait(self.retry_at(end, message.attempts), self.attempt, message)

    def notify(self, now: int, message: Message, reason: str) -> None:
        """The notification's own ID stands in the line that announces it; it has no `from=` line."""
        if not message.sender:
            return
        name = message.sender.rpartition("@")[2]
        here = next((own for own in self.own if own.name == name), None)
        there = here or self.domains[len(message.sender) * 37 % 9_000]
        notice = self.queue_id(now)
        kind = "sender notify" if reason == EXPIRED else "DSN"
        self.second[now].append(f"sm-mta[{int(notice[8:])}]: {message.queue_id}: {notice}: {kind}: {reason}")
        self.counts["recipients"] += 1
        new = Message(notice, "", 2_048, now, [(message.sender, there)])
        if here:
            self.deliver_here(now, new)
        else:
            self.attempt(now, new)

    # ------------------------------------------------------------------ stories
    def inbound(self, now: int, sender: str | None = None, domain: Domain | None = None, known: str = "") -> None:
        """A message for our mailboxes; `known`: a client that was greylisted comes back with its sender and recipient."""
        n = self.random()
        domain = domain or self.domain()
        if sender is None:
            sender = "" if n < 0.06 else self.address(domain.name)
        relay = f"{domain.host} [{domain.ip}]"
        if n > 0.3:
            self.second[now].append(
                f"sm-mta[{self.serial % 1_000_000 + 1}]: STARTTLS=server, relay={relay}, {CIPHERS[0]}"
            )
        recipients = [(known, self.own[0])] if known else self.addresses(self.recipient_count() if sender else 1, True)
        self.counts["from_clients"] += 1
        self.deliver_here(now, self.arrived(now, sender, relay, domain.name, recipients))

    def submission(self, now: int) -> None:
        sender, n = self.own_address(), int(self.random() * 3_000)
        relay = f"pc{n}.lan.example.net [10.1.{n >> 8}.{n & 255}]"
        self.second[now] += (
            f"sm-mta[{self.serial % 1_000_000 + 1}]: STARTTLS=server, relay={relay}, {CIPHERS[0]}",
            f"sm-mta[{self.serial % 1_000_000 + 1}]: AUTH=server, relay={relay}, authid={sender}, mech=PLAIN, bits=0",
        )
        self.counts["authenticated"] += 1
        self.counts["from_clients"] += 1
        self.attempt(
            now, self.arrived(now, sender, relay, "laptop.example.net", self.addresses(self.recipient_count(), False))
        )

    def refused(self, now: int) -> None:
        random, ip, domain = self.random, self.stranger(), self.domain()
        text = SENDMAIL[int((len(SENDMAIL) + 1) ** random()) - 1]
        client = (
            f"{domain.host} [{ip}]"
            if random() < 0.4
            else f"{domain.host} [{ip}] (may be forged)"
            if random() < 0.3
            else f"[{ip}]"
        )
        sender, recipient = self.address(domain.name), self.own_address()
        words = text.replace("{r}", recipient).replace("{s}", sender).replace("{c}", client).replace("{i}", ip)
        words = words.replace("{l}", LISTS[len(sender) % 3]).replace("{d}", domain.host)
        self.serial += 1
        head = (
            f"sm-mta[{self.serial % 1_000_000}]: "
            if "check_relay" in text
            else f"sm-mta[{self.serial % 1_000_000}]: {self.queue_id(now)}: "
        )
        self.second[now].append(head + words)
        self.counts["rejected"] += 1
        if "Greylisted" in text and random() < 0.7:
            self.wait(now + 310 + int(random() * 900), self.inbound, sender, domain, recipient)

    def unknown_user(self, now: int) -> None:
        """sendmail logs these refusals without a code."""
        queue_id = self.queue_id(now)
        tries = 1 + int(self.random() * 3)
        self.second[now] += [
            f"sm-mta[{int(queue_id[8:])}]: {queue_id}: <{self.own_address()}>... User unknown" for _ in range(tries)
        ]
        self.counts["rejected"] += tries

    def milter_rejected(self, now: int) -> None:
        queue_id, sender = self.queue_id(now), self.address(self.domain().name)
        self.second[now].append(
            f"sm-mta[{int(queue_id[8:])}]: {queue_id}: Milter: from=<{sender}>, reject=554 5.7.1 the content filter says no"
        )
        self.counts["rejected"] += 1

    def guessed_login(self, now: int) -> None:
        queue_id, ip, user = self.queue_id(now), self.stranger(), self.own_address()
        self.second[now].append(
            f"sm-mta[{int(queue_id[8:])}]: {queue_id}: AUTH failure (LOGIN): authentication failure (-13) "
            f"SASL(-13): authentication failure: checkpass failed, user={user}, relay=[{ip}]"
        )
        self.counts["auth_failed"] += 1

    def silent(self, now: int) -> None:
        queue_id, ip = self.queue_id(now), self.stranger()
        self.second[now].append(
            f"sm-mta[{int(queue_id[8:])}]: {queue_id}: {self.domain().host} [{ip}] "
            "did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA"
        )

    def lost(self, now: int) -> None:
        queue_id, ip, n = self.queue_id(now), self.stranger(), int(self.random() * 3)
        head = f"sm-mta[{int(queue_id[8:])}]: {queue_id}: "
        self.second[now].append((
            f"{head}lost input channel from [{ip}] to MTA after {('rcpt', 'mail', 'startup')[now % 3]}",
            f"{head}collect: premature EOM: unexpected close",
            f"{head}timeout waiting for input from [{ip}] during server cmd read",
        )[n])  # fmt: skip
