"""Stories of a Postfix host: a gateway with postscreen, submission with logins, mailboxes behind LMTP."""

from __future__ import annotations

from failures import STAGE_WORDS
from refusals import POSTFIX, POSTFIX_MILTER
from traffic import CIPHERS, EPOCH, GIVEN_UP, LISTS, Domain, Message, Traffic

BASE51 = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxy"
BASE52 = BASE51 + "z"
PAIRS51 = [a + b for a in BASE51 for b in BASE51]
PAIRS52 = [a + b for a in BASE52 for b in BASE52]

HELOS = ["ylmf-pc", "localhost", "WIN-PC.local", "user", "mx1.example.net", "host.example"]


class Postfix(Traffic):
    STORIES = (
        (30.0, "inbound"), (14.0, "submission"), (17.0, "refused"), (9.0, "screened"), (7.0, "guessed_login"),
        (6.0, "lost"), (4.0, "picked_up"), (4.0, "greylisted"), (2.0, "milter_rejected"), (1.5, "noise"), (5.0, "mailbox_read"),
    )  # fmt: skip
    BYTES_PER_STORY = 980

    # ------------------------------------------------------------------ the queue
    def queue_id(self, now: int) -> str:
        """Five hexadecimal digits of microseconds and the inode, or the long form: both never the same twice."""
        self.serial += 1
        micro = int(self.random() * 1_000_000)
        if not self.long_ids:
            return f"{micro:05X}{0x1D0000 + self.serial:X}"
        second, micros, inode = EPOCH + now, divmod(micro, 2_704), divmod(600_000 + self.serial, 2_601)
        high = divmod(second // 2_704, 2_704)
        return (PAIRS52[high[0]] + PAIRS52[high[1]] + PAIRS52[second % 2_704] + PAIRS52[micros[0]] + PAIRS52[micros[1]]
                + "z" + PAIRS51[inode[0] % 2_601] + PAIRS51[inode[1]])  # fmt: skip

    def queued(
        self, now: int, queue_id: str, sender: str, domain: str, recipients: list[tuple[str, Domain]]
    ) -> Message:
        self.serial += 1
        size = self.sizes[int(self.random() * 8_192)]
        self.second[now] += (
            f"postfix/cleanup[{6_000 + self.serial % 61}]: {queue_id}: message-id=<{now:x}.{self.serial:X}@{domain}>",
            f"postfix/qmgr[1017]: {queue_id}: from=<{sender}>, size={size}, nrcpt={len(recipients)} (queue active)",
        )
        self.counts["accepted"] += 1
        self.counts["bytes_received"] += size
        self.counts["recipients"] += len(recipients)
        return Message(queue_id, sender, size, now, recipients)

    def deliver_here(self, now: int, message: Message) -> None:
        random, queue_id = self.random, message.queue_id
        for recipient, _ in message.left:
            delay = self.delays[int(random() * 4_096)] * 0.3
            alias = f", orig_to=<info@{recipient.rpartition('@')[2]}>" if random() < 0.08 else ""
            self.second[now + int(delay)].append(
                f"postfix/lmtp[{2_100 + int(random() * 40)}]: {queue_id}: to=<{recipient}>{alias}, "
                f"relay=mail.example.net[private/dovecot-lmtp], delay={delay:.2g}, delays={delay * 0.7:.2g}/0.01/0.01/{delay * 0.3:.2g}, "
                f"dsn=2.0.0, status=sent (250 2.0.0 <{recipient}> {self.rng.getrandbits(60):x}A Saved)"
            )
            now += int(delay)
        self.counts["delivered"] += len(message.left)
        self.second[now].append(f"postfix/qmgr[1017]: {queue_id}: removed")

    def attempt(self, now: int, message: Message) -> None:
        """One attempt for everyone who still waits; what fails for now waits for the next."""
        random, queue_id, end = self.random, message.queue_id, now
        message.attempts += 1
        if message.attempts > 1:
            self.second[now].append(
                f"postfix/qmgr[1017]: {queue_id}: from=<{message.sender}>, size={message.size}, nrcpt={message.count} (queue active)"
            )
        left = []
        for recipient, domain in message.left:
            outcome = self.outcome(domain, message.attempts)
            seconds = self.delays[int(random() * 4_096)]
            then = now + int(seconds)
            end = max(end, then)
            delay = f"{then - message.time + 0.4:.0f}" if message.attempts > 1 or seconds > 10 else f"{seconds:.2g}"
            pid = 3_000 + int(random() * 90)
            head = f"postfix/smtp[{pid}]: {queue_id}: to=<{recipient}>, relay="
            times = f", delay={delay}, delays={then - message.time}/0.01/{seconds * 0.4:.2g}/{seconds * 0.6:.2g}, dsn="
            if outcome == "sent":
                lines = self.second[then]
                if random() < 0.75:
                    trust = "Trusted" if random() < 0.7 else "Untrusted"
                    lines.append(
                        f"postfix/smtp[{pid}]: {trust} TLS connection established to {domain.host}[{domain.ip}]:25: {CIPHERS[pid % 3]}"
                    )
                lines.append(
                    f"{head}{domain.host}[{domain.ip}]:25{times}2.0.0, "
                    f"status=sent (250 2.0.0 Ok: queued as {self.rng.getrandbits(44):011X})"
                )
                self.counts["delivered"] += 1
            elif outcome == "bounced":
                self.fail(then, head, times, recipient, domain, False)
                message.bounced = True
                self.counts["bounced"] += 1
            else:
                if outcome == "lost":
                    self.lose(then, head, times, domain)
                else:
                    self.fail(then, head, times, recipient, domain, True)
                self.counts["deferrals"] += 1
                left.append((recipient, domain))
        message.left = left
        if left and now - message.time < GIVEN_UP:
            if message.bounced:
                self.notify(end, message)
                message.bounced = False
            self.wait(self.retry_at(end, message.attempts), self.attempt, message)
            return
        if left:
            self.counts["bounced"] += len(left)
            self.second[end].append(
                f"postfix/qmgr[1017]: {queue_id}: from=<{message.sender}>, status=expired, returned to sender"
            )
            message.bounced = True
        if message.bounced:
            self.notify(end, message)
        self.second[end].append(f"postfix/qmgr[1017]: {queue_id}: removed")

    def fail(self, then: int, head: str, times: str, recipient: str, domain: Domain, temporary: bool) -> None:
        failure = self.failure(domain, temporary)
        reply = self.told(failure, recipient, domain)
        where = f"{domain.host}[{domain.ip}]"
        if failure.stage == "connect":
            why = f"host {where} refused to talk to me: {reply}"
        else:
            why = f"host {where} said: {reply} (in reply to {STAGE_WORDS[failure.stage]})"
        dsn = failure.enhanced or ("4.0.0" if temporary else "5.0.0")
        self.second[then].append(
            f"{head}{where}:25{times}{dsn}, status={'deferred' if temporary else 'bounced'} ({why})"
        )

    def lose(self, then: int, head: str, times: str, domain: Domain) -> None:
        where, n = f"{domain.host}[{domain.ip}]", self.random()
        if n < 0.4:
            why = f"connect to {where}:25: Connection {'refused' if n < 0.15 else 'timed out'}"
            self.second[then] += (
                f"{head.partition(': ')[0]}: {why}",
                f"{head}none{times}4.4.1, status=deferred ({why})",
            )
        elif n < 0.7:
            why = f"lost connection with {where} while receiving the initial server greeting"
            self.second[then].append(f"{head}{where}:25{times}4.4.2, status=deferred ({why})")
        else:
            name = domain.name
            why = (
                f"Host or domain name not found. Name service error for name={name} type=MX: Host not found, try again"
            )
            self.second[then].append(f"{head}none{times}4.4.3, status=deferred ({why})")

    def notify(self, now: int, message: Message) -> None:
        if not message.sender:
            return  # nobody is told about a notification that fails
        notice = self.queue_id(now)
        domain_name = message.sender.rpartition("@")[2]
        here = next((own for own in self.own if own.name == domain_name), None)
        there = here or self.domains[len(message.sender) * 37 % 9_000]
        new = self.queued(now, notice, "", "mx1.example.net", [(message.sender, there)])
        self.second[now].append(
            f"postfix/bounce[{4_000 + now % 20}]: {message.queue_id}: sender non-delivery notification: {notice}"
        )
        if here:
            self.deliver_here(now, new)
        else:
            self.attempt(now, new)

    # ------------------------------------------------------------------ stories
    def inbound(self, now: int, sender: str | None = None, domain: Domain | None = None, known: str = "") -> None:
        """A message for our mailboxes; `known`: a client that was greylisted comes back with its sender and recipient."""
        random, second, counts = self.random, self.second, self.counts
        n = random()
        domain = domain or self.domain()
        if sender is None:
            sender = "" if n < 0.06 else self.address(domain.name)
        pid, client = 1_500 + int(random() * 120), f"{domain.host}[{domain.ip}]"
        port = 20_000 + int(random() * 40_000)
        recipients = (
            [(known, self.own[0])] if known else self.addresses(1 if not sender else self.recipient_count(), True)
        )
        if n < 0.5:
            second[now] += (
                f"postfix/postscreen[1200]: CONNECT from [{domain.ip}]:{port} to [192.0.2.25]:25",
                f"postfix/postscreen[1200]: PASS {'NEW' if n < 0.1 else 'OLD'} [{domain.ip}]:{port}",
            )
        lines = second[now]
        lines.append(f"postfix/smtpd[{pid}]: connect from {client}")
        counts["connections"] += 1
        encrypted = n > 0.2
        if encrypted:
            lines.append(
                f"postfix/smtpd[{pid}]: Anonymous TLS connection established from {client}: {CIPHERS[pid % 3]}"
            )
        queue_id = self.queue_id(now)
        lines.append(f"postfix/smtpd[{pid}]: {queue_id}: client={client}")
        counts["from_clients"] += 1
        message = self.queued(now, queue_id, sender, domain.name, recipients)
        tls = "ehlo=2 starttls=1" if encrypted else "ehlo=1"
        k = len(recipients)
        second[now + (pid & 1)].append(
            f"postfix/smtpd[{pid}]: disconnect from {client} {tls} mail=1 rcpt={k} data=1 quit=1 commands={k + (6 if encrypted else 4)}"
        )
        self.deliver_here(now, message)

    def submission(self, now: int) -> None:
        random, counts = self.random, self.counts
        sender = self.own_address()
        laptop = int(random() * 3_000)
        client = f"pc{laptop}.lan.example.net[10.1.{laptop >> 8}.{laptop & 255}]"
        pid = 1_800 + int(random() * 60)
        queue_id = self.queue_id(now)
        self.second[now] += (
            f"postfix/submission/smtpd[{pid}]: connect from {client}",
            f"postfix/submission/smtpd[{pid}]: Anonymous TLS connection established from {client}: {CIPHERS[pid % 3]}",
            f"postfix/submission/smtpd[{pid}]: {queue_id}: client={client}, sasl_method=PLAIN, sasl_username={sender}",
        )
        counts["connections"] += 1
        counts["from_clients"] += 1
        counts["authenticated"] += 1
        k = self.recipient_count()
        message = self.queued(now, queue_id, sender, "laptop.example.net", self.addresses(k, False))
        self.second[now + 1].append(
            f"postfix/submission/smtpd[{pid}]: disconnect from {client} "
            f"ehlo=2 starttls=1 auth=1 mail=1 rcpt={k} data=1 quit=1 commands={k + 7}"
        )
        self.attempt(now + 1, message)

    def picked_up(self, now: int) -> None:
        sender = f"www-data@web{int(self.random() * 9)}.example.net"
        queue_id = self.queue_id(now)
        self.second[now].append(f"postfix/pickup[1016]: {queue_id}: uid=33 from=<{sender}>")
        self.counts["from_here"] += 1
        message = self.queued(now, queue_id, sender, "web.example.net", self.addresses(1, False))
        self.attempt(now, message)

    def refused(self, now: int) -> None:
        random = self.random
        ip = self.stranger()
        domain = self.domain()
        named = random() < 0.4
        client = f"{domain.host}[{ip}]" if named else f"unknown[{ip}]"
        pid, tries = 1_500 + int(random() * 120), 1 + int(random() * random() * 4)
        helo = domain.host if named else HELOS[int(random() * len(HELOS))]
        sender = self.address(domain.name)
        lines = self.second[now]
        if not named and random() < 0.5:
            lines.append(
                f"postfix/smtpd[{pid}]: warning: hostname {domain.host} does not resolve to address {ip}: Name or service not known"
            )
        lines.append(f"postfix/smtpd[{pid}]: connect from {client}")
        text = POSTFIX[int((len(POSTFIX) + 1) ** random()) - 1]
        for _ in range(tries):
            recipient = self.address(self.domain().name) if "Relay" in text else self.own_address()
            reply = text.replace("{r}", recipient)
            if "{" in reply:
                reply = reply.replace("{i}", ip).replace("{s}", sender).replace("{e}", helo).replace("{c}", client)
                reply = reply.replace("{l}", LISTS[len(sender) % 3]).replace("{d}", domain.host)
            lines.append(
                f"postfix/smtpd[{pid}]: NOQUEUE: reject: RCPT from {client}: {reply}; "
                f"from=<{sender}> to=<{recipient}> proto=ESMTP helo=<{helo}>"
            )
        lines.append(
            f"postfix/smtpd[{pid}]: disconnect from {client} ehlo=1 mail=1 rcpt=0/{tries} quit=1 commands=3/{tries + 3}"
        )
        self.counts["connections"] += 1
        self.counts["rejected"] += tries

    def greylisted(self, now: int) -> None:
        domain = self.domain()
        client, sender, recipient = (
            f"{domain.host}[{domain.ip}]",
            self.address(domain.name),
            self.address("example.net"),
        )
        pid = 1_500 + int(self.random() * 120)
        self.second[now] += (
            f"postfix/smtpd[{pid}]: connect from {client}",
            f"postfix/smtpd[{pid}]: NOQUEUE: reject: RCPT from {client}: 450 4.2.0 <{recipient}>: Recipient address rejected: Greylisted, "
            f"come back in 300 seconds; from=<{sender}> to=<{recipient}> proto=ESMTP helo=<{domain.host}>",
            f"postfix/smtpd[{pid}]: disconnect from {client} ehlo=2 starttls=1 mail=1 rcpt=0/1 quit=1 commands=5/6",
        )
        self.counts["connections"] += 1
        self.counts["rejected"] += 1
        if self.random() < 0.7:
            self.wait(now + 310 + int(self.random() * 900), self.inbound, sender, domain, recipient)

    def screened(self, now: int) -> None:
        random, ip = self.random, self.stranger()
        port = 20_000 + int(random() * 40_000)
        domain = self.domain()
        sender, recipient = self.address(domain.name), self.own_address()
        name = LISTS[int(random() * 3)]
        who = f"[{ip}]:{port}"
        lines = self.second[now]
        lines.append(f"postfix/postscreen[1200]: CONNECT from {who} to [192.0.2.25]:25")
        if random() < 0.4:
            lines.append(
                f"postfix/postscreen[1200]: PREGREET {11 + len(domain.host)} after 0.{int(random() * 90):02} from {who}: "
                f"EHLO {domain.host}\\r\\n"
            )
        after = self.second[now + 5]
        lines.append(
            f"postfix/dnsblog[{5_000 + port % 30}]: addr {ip} listed by domain {name} as 127.0.0.{2 + port % 9}"
        )
        after += (
            f"postfix/postscreen[1200]: DNSBL rank {3 + port % 5} for {who}",
            f"postfix/postscreen[1200]: NOQUEUE: reject: RCPT from {who}: 550 5.7.1 Service unavailable; "
            f"client [{ip}] blocked using {name}; from=<{sender}>, to=<{recipient}>, proto=ESMTP, helo=<{domain.host}>",
        )
        if random() < 0.3:
            after.append(
                f"postfix/postscreen[1200]: HANGUP after 1.{port % 10} from {who} in tests after SMTP handshake"
            )
        after.append(f"postfix/postscreen[1200]: DISCONNECT {who}")
        self.counts["connections"] += 1
        self.counts["rejected"] += 1

    def guessed_login(self, now: int) -> None:
        ip, pid = self.stranger(), 1_800 + int(self.random() * 60)
        head = f"postfix/submission/smtpd[{pid}]: "
        self.second[now].append(f"{head}connect from unknown[{ip}]")
        self.second[now + 1] += (
            f"{head}warning: unknown[{ip}]: SASL LOGIN authentication failed: authentication failure, sasl_username={self.own_address()}",
            f"{head}disconnect from unknown[{ip}] ehlo=1 auth=0/1 quit=1 commands=2/3",
        )
        self.counts["connections"] += 1
        self.counts["auth_failed"] += 1

    def lost(self, now: int) -> None:
        ip, n = self.stranger(), int(self.random() * 120)
        stage = ("CONNECT", "EHLO", "STARTTLS", "RCPT", "DATA (0 bytes)", "AUTH", "UNKNOWN")[n % 7]
        head = f"postfix/smtpd[{1_500 + n}]: "
        self.second[now].append(f"{head}connect from unknown[{ip}]")
        if n % 7 == 2:
            self.second[now].append(f"{head}SSL_accept error from unknown[{ip}]: lost connection")
        self.second[now + 1 + n % 9] += (
            f"{head}lost connection after {stage} from unknown[{ip}]", f"{head}disconnect from unknown[{ip}] ehlo=1 commands=1"
        )  # fmt: skip
        self.counts["connections"] += 1

    def milter_rejected(self, now: int) -> None:
        domain, pid = self.domain(), 1_500 + int(self.random() * 120)
        client, queue_id = f"{domain.host}[{domain.ip}]", self.queue_id(now)
        sender, recipient = self.address(domain.name), self.own_address()
        why = POSTFIX_MILTER[int(self.random() * len(POSTFIX_MILTER))]
        self.second[now] += (
            f"postfix/smtpd[{pid}]: connect from {client}",
            f"postfix/smtpd[{pid}]: {queue_id}: client={client}",
            f"postfix/cleanup[{6_000 + pid % 61}]: {queue_id}: message-id=<{queue_id.lower()}@{domain.name}>",
            f"postfix/cleanup[{6_000 + pid % 61}]: {queue_id}: milter-reject: END-OF-MESSAGE from {client}: {why}; "
            f"from=<{sender}> to=<{recipient}> proto=ESMTP helo=<{domain.host}>",
            f"postfix/smtpd[{pid}]: disconnect from {client} ehlo=1 mail=1 rcpt=1 data=0/1 quit=1 commands=4/5",
        )
        self.counts["connections"] += 1
        self.counts["from_clients"] += 1
        self.counts["rejected"] += 1

    def noise(self, now: int) -> None:
        stamp, n, ip = self.prefix(now)[:15], int(self.random() * 5), self.stranger()
        lines = self.second[now]
        if n < 2:
            lines.append(
                f"postfix/anvil[{7_000 + now % 97}]: statistics: max connection rate {2 + now % 50}/60s for (smtp:{ip}) at {stamp}"
            )
            lines.append(f"postfix/anvil[{7_000 + now % 97}]: statistics: max cache size {1 + now % 20} at {stamp}")
        elif n == 2:
            lines.append(
                "postfix/smtpd[1543]: warning: TLS library problem: error:0A00010B:SSL routines::wrong version number:"
                "../ssl/record/ssl3_record.c:350:"
            )
        elif n == 3:
            lines.append(
                f"postfix/scache[{7_100 + now % 97}]: statistics: domain lookup hits=0 miss={now % 9} success=0%"
            )
        else:
            lines.append(
                f"postfix/smtpd[1544]: warning: {ip}: hostname {self.domain().host} verification failed: Name or service not known"
            )

    def mailbox_read(self, now: int) -> None:
        """Other programs write to the same file."""
        user, n = self.own_address(), int(self.random() * 3_000)
        session = f"{self.rng.getrandbits(60):x}"
        self.second[now].append(
            f"dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip=10.1.{n >> 8}.{n & 255}, lip=10.0.0.25, "
            f"mpid={10_000 + n}, TLS, session=<{session}>"
        )
        self.second[now + n % 50].append(
            f"dovecot: imap({user})<{10_000 + n}><{session}>: Disconnected: Logged out in={n} out={n * 17}"
        )
        self.counts["other_programs"] += 2
