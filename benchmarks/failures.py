"""What remote servers answer when they refuse: texts in the manner of the field, in our own words.

`{r}` stands for the recipient, `{h}` for the server that speaks, `{i}` for our address, `{x}` for a session's ID. With
`--distinct-failures N` the texts are made from words instead: as many different ones as asked, still different after
addresses, hosts, IDs and numbers have been replaced.
"""

from __future__ import annotations

from typing import NamedTuple


class Failure(NamedTuple):
    code: int
    enhanced: str
    text: str
    stage: str  # mail, rcpt, data, eod, connect

    @property
    def reply(self) -> str:
        return f"{self.code} {self.enhanced} {self.text}" if self.enhanced else f"{self.code} {self.text}"


PERMANENT = [
    Failure(550, "5.1.1", "<{r}>: Recipient address rejected: User unknown in virtual mailbox table", "rcpt"),
    Failure(550, "5.1.1", "The account {r} does not exist here. Check the spelling of the address. {x} - mx", "rcpt"),
    Failure(553, "5.1.3", "Requested action not taken: mailbox name not allowed", "rcpt"),
    Failure(
        550, "5.7.1", "Service refused; client [{i}] is on a block list, ask https://bl.example.org/q?ip={i}", "rcpt"
    ),
    Failure(554, "5.7.1", "<{r}>: Relay access denied", "rcpt"),
    Failure(553, "", "sorry, that domain is not in my list of allowed hosts (#5.7.1)", "rcpt"),
    Failure(550, "5.4.1", "Recipient address rejected: Access denied. AS({x}) [{h}]", "rcpt"),
    Failure(552, "5.2.2", "The mailbox of {r} is full, 1048576 of 1048576 bytes in use", "rcpt"),
    Failure(553, "5.1.8", "The domain of the sender does not resolve", "mail"),
    Failure(554, "5.7.9", "Message not accepted for policy reasons. See https://help.example.org/senders/{x}", "eod"),
    Failure(550, "5.7.26", "This mail has no valid SPF or DKIM of its domain, so it is refused. {x}", "eod"),
    Failure(553, "5.7.1", "Sender address rejected: not owned by user {r}", "rcpt"),
    Failure(521, "5.3.2", "This host takes no mail", "connect"),
    Failure(550, "", "No such user: {r}", "rcpt"),
    Failure(554, "5.7.1", "Bad reputation of {i}, connection refused ({x})", "connect"),
    Failure(552, "5.3.4", "Message size exceeds the fixed limit of 26214400 bytes", "mail"),
    Failure(553, "", "5.3.0 <{r}>... Addressee unknown, relay=[{i}]", "rcpt"),
    Failure(550, "5.2.1", "The mailbox {r} is disabled, not accepting messages", "rcpt"),
    Failure(554, "5.6.0", "Message contains a forbidden attachment type", "eod"),
    Failure(551, "5.1.6", "User not local; please try the new address", "rcpt"),
    Failure(501, "5.1.3", "Bad recipient address syntax: {r}", "rcpt"),
    Failure(503, "5.5.1", "Polite people say HELO first", "mail"),
    Failure(530, "5.7.0", "Must issue a STARTTLS command first", "mail"),
    Failure(535, "5.7.8", "Authentication credentials invalid", "mail"),
    Failure(550, "5.7.23", "The SPF record of the sender's domain does not name {i}", "mail"),
    Failure(556, "5.1.10", "The domain of {r} accepts no mail", "rcpt"),
    Failure(553, "5.1.2", "We have no route to the host of <{r}>", "rcpt"),
    Failure(550, "5.7.133", "Only authenticated senders may write to the group {r}", "rcpt"),
    Failure(571, "5.7.1", "Delivery not authorized, message refused", "eod"),
    Failure(554, "5.4.6", "Too many hops", "eod"),
]
TEMPORARY = [
    Failure(450, "4.2.0", "<{r}>: Recipient address rejected: Greylisted, come back in 300 seconds", "rcpt"),
    Failure(451, "4.7.1", "Please try again later", "rcpt"),
    Failure(421, "4.7.0", "Too many connections from {i}, closing the channel. {x}", "connect"),
    Failure(452, "4.2.2", "The mailbox of {r} is temporarily full", "rcpt"),
    Failure(451, "4.3.0", "Temporary lookup failure", "mail"),
    Failure(452, "4.3.1", "Insufficient system storage", "eod"),
    Failure(450, "4.1.8", "Sender address rejected: domain not found", "mail"),
    Failure(451, "4.3.2", "Please try again, the server is short of memory ({x})", "eod"),
    Failure(421, "4.4.5", "Server busy, session {x} ends here", "data"),
    Failure(450, "", "mailbox busy", "rcpt"),
    Failure(451, "4.4.2", "Timeout while waiting for the content filter", "eod"),
    Failure(421, "4.7.28", "Unusual rate of mail from {i}. See https://help.example.org/rate", "eod"),
    Failure(454, "4.7.0", "TLS not available due to a local problem", "mail"),
    Failure(450, "4.7.25", "Client host rejected: cannot find the hostname of [{i}]", "rcpt"),
    Failure(452, "4.5.3", "Too many recipients", "rcpt"),
    Failure(432, "4.7.12", "A password transition is needed", "mail"),
    Failure(471, "", "greylisting in action, {x}", "rcpt"),
]
STAGE_WORDS = {
    "mail": "MAIL FROM command",
    "rcpt": "RCPT TO command",
    "data": "DATA command",
    "eod": "end of DATA command",
}

#: Words of the made-up texts; five of them in a row number every text, so that no two are the same.
WORDS = [
    ["Message", "Mail", "Delivery", "Recipient", "Sender", "Mailbox", "Client", "Session", "Content", "Address",
     "Submission", "Transaction", "Attachment", "Envelope", "Subscriber", "Customer"],
    ["refused", "rejected", "declined", "blocked", "denied", "suspended", "not accepted", "turned away", "held back",
     "withheld", "dropped", "discontinued", "not permitted", "prohibited", "stopped", "unwanted"],
    ["by policy", "by the administrator", "by a filter", "by the gateway", "by a rule", "by the recipient", "by contract",
     "by reputation", "by the quota", "by our partner", "by the mailing list", "by the archive", "by the scanner",
     "by the directory", "by the appliance", "by the cluster"],
    ["because of", "owing to", "after", "in view of", "with regard to", "on account of", "following", "despite", "without",
     "until", "for want of", "in absence of", "pending", "notwithstanding", "upon", "through"],
]  # fmt: skip
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"


def syllables(number: int, least: int = 1) -> str:
    """A pronounceable word without digits, a different one for each number."""
    word = ""
    while number or len(word) < 2 * least:
        number, part = divmod(number, len(CONSONANTS) * len(VOWELS))
        word += CONSONANTS[part // len(VOWELS)] + VOWELS[part % len(VOWELS)]
    return word


def distinct(number: int, temporary: bool) -> Failure:
    """The text with this number, always the same."""
    # an odd factor keeps all 65,536 rows of words apart, and neighbours unlike
    parts, rest = [], number & ~65_535 | number * 40_503 & 65_535
    for words in WORDS:
        rest, part = divmod(rest, len(words))
        parts.append(words[part])
    kinds = [kind for kind in (TEMPORARY if temporary else PERMANENT) if kind.stage != "connect"]
    kind = kinds[number % len(kinds)]
    return kind._replace(text=f"{' '.join(parts)} {syllables(rest, 2)}")
