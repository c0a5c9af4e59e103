"""What our own server answers when it refuses, as each MTA logs it; the first are the most frequent.

{c} client, {i} its address, {l} a DNS list, {s} sender, {r} recipient, {e} HELO name, {d} the client's host name.
"""

POSTFIX = [
    "550 5.1.1 <{r}>: Recipient address rejected: User unknown in virtual mailbox table",
    "554 5.7.1 Service unavailable; Client host [{i}] blocked using {l}; Listed, see https://{l}/query?ip={i}",
    "554 5.7.1 <{r}>: Relay access denied",
    "450 4.7.25 Client host rejected: cannot find your hostname, [{i}]",
    "450 4.1.8 <{s}>: Sender address rejected: Domain not found",
    "504 5.5.2 <{e}>: Helo command rejected: need fully-qualified hostname",
    "550 5.7.23 <{r}>: Recipient address rejected: Message rejected due to: SPF fail - not authorized. See https://spf.example.org/why?s={s}",
    "553 5.7.1 <{s}>: Sender address rejected: not logged in",
    "450 4.7.1 <{e}>: Helo command rejected: Host not found",
    "553 5.1.8 <{s}>: Sender address rejected: the domain takes no replies",
    "454 4.7.1 <{r}>: Relay access denied",
    "553 5.1.3 <{r}>: Recipient address rejected: mailbox name not allowed",
    "550 5.7.1 <{e}>: Helo command rejected: that is our own name",
    "452 4.3.1 Insufficient system storage",
    "550 5.7.1 <{d}>: Client host rejected: dynamic addresses are not served",
    "451 4.3.5 <{s}>: Sender address rejected: Server configuration problem",
    "553 5.7.1 <{c}>: Client host rejected: Access denied",
    "521 5.7.1 <{d}>: Client host rejected: closed",
]

POSTFIX_MILTER = [
    "5.7.1 Spam message rejected",
    "5.7.1 Blocked by the content filter",
    "4.7.1 Greylisted, please try again later",
    "550 5.7.1 the signature of your message is not valid",
    "5.6.0 attachment type not allowed",
]

EXIM = [
    "rejected RCPT <{r}>: Unrouteable address",
    "rejected RCPT <{r}>: relay not permitted",
    "rejected RCPT <{r}>: {i} is listed at {l} (127.0.0.2: ask https://{l}/query?ip={i})",
    "rejected RCPT <{r}>: Sender verify failed",
    "temporarily rejected RCPT <{r}>: 451 4.7.1 Greylisted, come back in 300 seconds",
    "rejected RCPT <{r}>: 553 5.1.3 mailbox name not allowed",
    "rejected RCPT <{r}>: 550 5.7.1 no mail for this list from outside",
    "temporarily rejected RCPT <{r}>: Could not complete sender verify",
    "rejected RCPT <{r}>: 553 5.7.1 your envelope sender is on our list (#5.7.1)",
    "rejected RCPT <{r}>: 552 5.2.2 the mailbox of {r} is over its quota",
]

EXIM_CONTENT = [
    "This message scored 12.3 points.",
    "550 5.7.1 the content filter says no",
    "Your message contains a forbidden file type",
    "554 5.6.0 the header of this message is broken",
]

SENDMAIL = [
    "ruleset=check_rcpt, arg1=<{r}>, relay={c}, reject=550 5.7.1 <{r}>... Relaying denied",
    "ruleset=check_relay, arg1=[{i}], arg2={i}, relay={c}, reject=554 5.7.1 Refused: {i} is listed at {l}",
    "ruleset=check_mail, arg1=<{s}>, relay={c}, reject=553 5.1.8 <{s}>... Domain of sender address {s} does not exist",
    "ruleset=check_rcpt, arg1=<{r}>, relay={c}, reject=451 4.7.1 Greylisted, please come back in 300 seconds",
    "ruleset=check_mail, arg1=<{s}>, relay={c}, reject=451 4.1.8 Domain of sender address {s} does not resolve",
    "ruleset=check_rcpt, arg1=<{r}>, relay={c}, reject=553 5.1.3 <{r}>... mailbox name not allowed",
    "ruleset=check_relay, arg1={d}, arg2={i}, relay={c}, reject=550 5.7.1 Access denied",
    "ruleset=check_mail, arg1=<{s}>, relay={c}, reject=553 5.5.4 <{s}>... Domain name required for sender address",
    "ruleset=check_rcpt, arg1=<{r}>, relay={c}, reject=550 5.2.1 <{r}>... Mailbox disabled for this recipient",
]
