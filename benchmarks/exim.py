"""Stories of an Exim host with mailboxes, submission with logins, and its own routing to the world (default log selectors)."""

from __future__ import annotations

import datetime

from refusals import EXIM, EXIM_CONTENT
from traffic import EPOCH, GIVEN_UP, LISTS, START, Domain, Message, Traffic

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PAIRS = [a + b for a in BASE62 for b in BASE62]
TLS = ["TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256", "TLS1.2:ECDHE_SECP256R1__RSA_SHA256__AES_256_GCM:256",
       "TLS1.3:ECDHE_SECP256R1__ECDSA_SECP256R1_SHA256__AES_128_GCM:128"]  # fmt: skip
COMMANDS = {"mail": "pipelined MAIL FROM:<{s}> SIZE={n}", "rcpt": "RCPT TO:<{r}>", "data": "pipelined DATA", "eod": "end of data",
            "connect": "initial connection"}  # fmt: skip


class Exim(Traffic):
    STORIES = (
        (34.0, "inbound"), (22.0, "submission"), (16.0, "refused"), (5.0, "refused_early"), (8.0, "guessed_login"),
        (5.0, "lost"), (4.0, "from_here"), (2.0, "content_refused"), (2.0, "noise"),
    )  # fmt: skip
    HOST = ""
    BYTES_PER_STORY = 430

    def stamp_of_day(self, day: int) -> str:
        return f"{START + datetime.timedelta(days=day):%Y-%m-%d} "

    # ------------------------------------------------------------------ the queue
    def queue_id(self, now: int) -> str:
        """Time, process, fraction in base 62: 6-6-2, or since 4.97 6-11-4. The process ID goes up, so that no ID comes twice."""
        self.serial += 1
        second, pid, fraction = EPOCH + now, 100_000 + self.serial, int(self.random() * 3_844)
        high, low = divmod(second, 3_844)
        high, middle = divmod(high, 3_844)
        process, end = divmod(pid, 3_844)
        process = f"{PAIRS[process // 3_844]}{PAIRS[process % 3_844]}{PAIRS[end]}"
        if self.long_ids:
            return f"{PAIRS[high]}{PAIRS[middle]}{PAIRS[low]}-00000{process}-{PAIRS[fraction]}{PAIRS[end]}"
        return f"{PAIRS[high]}{PAIRS[middle]}{PAIRS[low]}-{process}-{PAIRS[fraction % 2_000]}"

    def arrived(self, now: int, sender: str, fields: str, recipients: list[tuple[str, Domain]]) -> Message:
        queue_id, size = self.queue_id(now), self.sizes[int(self.random() * 8_192)]
        self.second[now].append(f"{queue_id} <= {sender or '<>'} {fields.replace('S=?', f'S={size}', 1)}")
        self.counts["accepted"] += 1
        self.counts["bytes_received"] += size
        self.counts["recipients"] += len(recipients)
        return Message(queue_id, sender, size, now, recipients)

    def deliver_here(self, now: int, message: Message) -> None:
        lines, arrow = self.second[now + int(self.random() * 2)], "=>"
        for recipient, _ in message.left:
            lines.append(
                f"{message.queue_id} {arrow} {recipient.partition('@')[0]} <{recipient}> R=local_user T=maildir_home"
            )
            self.counts["delivered"] += 1
        lines.append(f"{message.queue_id} Completed")

    def attempt(self, now: int, message: Message) -> None:
        """One attempt for everyone who still waits; what fails for now waits for the next."""
        random, queue_id, end = self.random, message.queue_id, now
        message.attempts += 1
        left = []
        given_up = now - message.time >= GIVEN_UP
        for recipient, domain in message.left:
            outcome = self.outcome(domain, message.attempts)
            then = now + int(self.delays[int(random() * 4_096)])
            end = max(end, then)
            head = f"{recipient} R=dnslookup T=remote_smtp"
            where = f"H={domain.host} [{domain.ip}]"
            if outcome == "sent":
                n = int(random() * 3)
                tls = f" X={TLS[n]} CV={'yes' if random() < 0.7 else 'no'}" if random() < 0.8 else ""
                self.second[then].append(
                    f'{queue_id} => {head} {where}{tls} C="250 2.0.0 Ok: queued as {self.rng.getrandbits(44):011X}"'
                )
                self.counts["delivered"] += 1
            elif outcome == "bounced":
                self.fail(then, message, head, where, recipient, domain, False)
                message.bounced = True
                self.counts["bounced"] += 1
            else:
                if outcome == "lost":
                    self.lose(then, queue_id, head, where, domain)
                else:
                    self.fail(then, message, head, where, recipient, domain, True)
                self.counts["deferrals"] += 1
                left.append((recipient, domain))
                if given_up:
                    self.second[end].append(f"{queue_id} ** {recipient}: retry timeout exceeded")
                    self.counts["bounced"] += 1
                    message.bounced = True
        message.left = [] if given_up else left
        if message.bounced:
            self.notify(end, message)
            message.bounced = False
        if message.left:
            self.wait(self.retry_at(end, message.attempts), self.attempt, message)
        else:
            self.second[end].append(f"{queue_id} Completed")

    def fail(
        self, then: int, message: Message, head: str, where: str, recipient: str, domain: Domain, temporary: bool
    ) -> None:
        failure = self.failure(domain, temporary)
        command = (
            COMMANDS[failure.stage]
            .replace("{s}", message.sender)
            .replace("{r}", recipient)
            .replace("{n}", str(message.size))
        )
        why = f"SMTP error from remote mail server after {command}: {self.told(failure, recipient, domain)}"
        if not temporary:
            self.second[then].append(f"{message.queue_id} ** {head} {where}: {why}")
            return
        if failure.stage != "rcpt":  # what concerns the whole message is said of the host, too
            self.second[then].append(f"{message.queue_id} {where}: {why}")
        number = {"rcpt": -44, "mail": -45}.get(failure.stage, -46)
        self.second[then].append(f"{message.queue_id} == {head} defer ({number}) {where}: {why}")

    def lose(self, then: int, queue_id: str, head: str, where: str, domain: Domain) -> None:
        n = self.random()
        if n < 0.4:
            self.second[then] += (
                f"{queue_id} {where} Connection refused",
                f"{queue_id} == {head} defer (111): Connection refused",
            )
        elif n < 0.7:
            self.second[then].append(
                f"{queue_id} == {head} defer (110): Connection timed out {where}: SMTP timeout after initial connection"
            )
        else:
            why = f"retry time not reached for any host for '{domain.name}'"
            self.second[then].append(f"{queue_id} == {head} defer (-54): {why}")

    def notify(self, now: int, message: Message) -> None:
        if not message.sender:
            return  # nobody is told about a notification that fails
        name = message.sender.rpartition("@")[2]
        here = next((own for own in self.own if own.name == name), None)
        there = here or self.domains[len(message.sender) * 37 % 9_000]
        new = self.arrived(now, "", f"R={message.queue_id} U=Debian-exim P=local S=?", [(message.sender, there)])
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
        recipients = [(known, self.own[0])] if known else self.addresses(self.recipient_count() if sender else 1, True)
        self.serial += 1
        tls = f"P=esmtps X={TLS[int(n * 3)]} CV=no" if n > 0.2 else "P=esmtp"
        helo = f"({domain.name}) " if n < 0.3 else ""
        fields = f"H={domain.host} {helo}[{domain.ip}] {tls} S=? id={now:x}.{self.serial:X}@{domain.name}"
        self.counts["from_clients"] += 1
        self.deliver_here(now, self.arrived(now, sender, fields, recipients))

    def submission(self, now: int) -> None:
        sender, n = self.own_address(), int(self.random() * 3_000)
        self.serial += 1
        fields = (
            f"H=(pc{n}.lan) [10.1.{n >> 8}.{n & 255}] P=esmtpsa X={TLS[n % 3]} CV=no A=plain_server:{sender} S=? "
            f"id={now:x}.{self.serial:X}@laptop.example.net"
        )
        self.counts["from_clients"] += 1
        self.counts["authenticated"] += 1
        self.attempt(now, self.arrived(now, sender, fields, self.addresses(self.recipient_count(), False)))

    def from_here(self, now: int) -> None:
        self.serial += 1
        fields = f"U=www-data P=local S=? id=E{self.serial:X}.{now:x}@web.example.net"
        self.counts["from_here"] += 1
        self.attempt(now, self.arrived(now, f"www-data@web{now % 9}.example.net", fields, self.addresses(1, False)))

    def client(self, domain: Domain, ip: str) -> str:
        n = self.random()
        return f"H={domain.host} [{ip}]" if n < 0.4 else f"H=({domain.host}) [{ip}]" if n < 0.8 else f"H=(user) [{ip}]"

    def refused(self, now: int) -> None:
        random, ip, domain = self.random, self.stranger(), self.domain()
        sender, lines = self.address(domain.name), self.second[now]
        client = self.client(domain, ip)
        text = EXIM[int((len(EXIM) + 1) ** random()) - 1]
        if "Sender verify" in text:
            lines.append(f"{client} sender verify fail for <{sender}>: Unrouteable address")
        tries = 1 + int(random() * random() * 4)
        for _ in range(tries):
            recipient = self.address(self.domain().name) if "relay" in text else self.own_address()
            words = text.replace("{r}", recipient).replace("{i}", ip).replace("{l}", LISTS[len(sender) % 3])
            lines.append(f"{client} F=<{sender}> {words}")
        self.counts["rejected"] += tries
        if "Greylisted" in text and random() < 0.7:
            self.wait(now + 310 + int(random() * 900), self.inbound, sender, domain, recipient)

    def refused_early(self, now: int) -> None:
        domain, ip, n = self.domain(), self.stranger(), self.random()
        client = self.client(domain, ip)
        if n < 0.5:
            line = f"{client} rejected MAIL <{self.address(domain.name)}>: 553 5.1.8 the sender's domain does not exist"
        elif n < 0.8:
            line = f'H=[{ip}] rejected connection in "connect" ACL: 554 5.7.1 your network is not served'
        else:
            line = f"H=[{ip}] rejected EHLO or HELO {domain.host}: 550 that is not your name"
        self.second[now].append(line)
        self.counts["rejected"] += 1

    def content_refused(self, now: int) -> None:
        domain = self.domain()
        sender, why = self.address(domain.name), EXIM_CONTENT[int(self.random() * len(EXIM_CONTENT))]
        client = f"H={domain.host} [{domain.ip}] P=esmtps X={TLS[0]} CV=no"
        self.second[now].append(f"{self.queue_id(now)} {client} F=<{sender}> rejected after DATA: {why}")
        self.counts["rejected"] += 1

    def guessed_login(self, now: int) -> None:
        ip, user = self.stranger(), self.own_address()
        self.second[now].append(
            f"login authenticator failed for (User) [{ip}]: 535 Incorrect authentication data (set_id={user})"
        )
        self.counts["auth_failed"] += 1

    def lost(self, now: int) -> None:
        ip, n = self.stranger(), int(self.random() * 5)
        name = self.domain().host
        self.second[now].append((
            f"no host name found for IP address {ip}",
            f"unexpected disconnection while reading SMTP command from ({name}) [{ip}] D=2.{now % 10}3s",
            f"TLS error on connection from ({name}) [{ip}] (gnutls_handshake): The TLS connection was non-properly terminated.",
            "SMTP protocol synchronization error (input sent without waiting for greeting): "
            f'rejected connection from H=[{ip}] input="EHLO {name}\\r\\n"',
            f"SMTP command timeout on connection from ({name}) [{ip}] D=5m0s",
        )[n])  # fmt: skip
        self.counts["protocol_errors"] += n in (1, 3, 4)

    def noise(self, now: int) -> None:
        self.serial += 1
        pid = 30_000 + self.serial % 30_000
        self.second[now].append(f"Start queue run: pid={pid}")
        self.second[now + int(self.random() * 20)].append(f"End queue run: pid={pid}")
