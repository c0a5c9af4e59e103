"""Names of months as journalctl and some syslog daemons write them: abbreviated, in the language of the machine."""

from __future__ import annotations

from functools import cache, lru_cache

#: Names in the order of the year, without final dots, `-` for none of its own. Source: `abmon` and `ab_alt_mon` of the
#: GNU C library's locales. Croatian is left out: its lip, srp and lis are other months in Polish and Czech.
NAMES = {
    "English": "jan feb mar apr may jun jul aug sep oct nov dec",
    "English, older": "- - - - - june july - sept - - -",
    "German": "jan feb mär apr mai jun jul aug sep okt nov dez",
    "Austrian": "jän - - - - - - - - - - -",
    "French": "janv févr mars avril mai juin juil août sept oct nov déc",
    "French, older": "jan fév mar avr mai jun jui aoû sep oct nov déc",
    "Spanish": "ene feb mar abr may jun jul ago sep oct nov dic",
    "Catalan": "gen febr març abr maig juny jul ag set oct nov des",
    "Galician": "xan feb mar abr mai xuñ xul ago set out nov dec",
    "Basque": "urt ots mar api mai eka uzt abu ira urr aza abe",
    "Italian": "gen feb mar apr mag giu lug ago set ott nov dic",
    "Portuguese": "jan fev mar abr mai jun jul ago set out nov dez",
    "Romanian": "ian feb mar apr mai iun iul aug sep oct nov dec",
    "Dutch": "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "Swedish, Danish": "jan feb mar apr maj jun jul aug sep okt nov dec",
    "Norwegian": "jan feb mars april mai juni juli aug sep okt nov des",
    "Icelandic": "jan feb mar apr maí jún júl ágú sep okt nóv des",
    "Finnish": "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
    "Estonian": "jaan veebr märts apr mai juuni juuli aug sept okt nov dets",
    "Latvian": "jan feb mar apr mai jūn jūl aug sep okt nov dec",
    "Lithuanian": "saus vas kov bal geg birž liep rugp rugs spal lapkr gruod",
    "Polish": "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    "Czech": "led úno bře dub kvě čen čec srp zář říj lis pro",
    "Slovak": "jan feb mar apr máj jún júl aug sep okt nov dec",
    "Slovenian": "jan feb mar apr maj jun jul avg sep okt nov dec",
    "Hungarian": "jan febr márc ápr máj jún júl aug szept okt nov dec",
    "Russian": "янв фев мар апр мая июн июл авг сен окт ноя дек",
    "Russian, alone": "- - - - май - - - - - - -",
    "Ukrainian": "січ лют бер кві тра чер лип сер вер жов лис гру",
    "Bulgarian": "яну фев мар апр май юни юли авг сеп окт ное дек",
    "Serbian": "јан феб мар апр мај јун јул авг сеп окт нов дец",
    "Greek": "ιαν φεβ μαρ απρ μαΐ ιουν ιουλ αυγ σεπ οκτ νοε δεκ",
    "Greek, alone": "- - μάρ - μάι ιούν ιούλ αύγ - - νοέ -",
    "Turkish": "oca şub mar nis may haz tem ağu eyl eki kas ara",
    "Indonesian": "jan feb mar apr mei jun jul agu sep okt nov des",
    "Chinese, Japanese": "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    "Korean": "1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월",
}
_ENCODINGS = (
    *("utf-8", "iso8859-1", "iso8859-2", "iso8859-9", "iso8859-13"),
    *("koi8-r", "koi8-u", "cp1251", "iso8859-5", "iso8859-7"),
)


#: The names that nearly every log has; the rest is only put together for one that has others.
_ENGLISH = {name.title().encode(): number for number, name in enumerate(NAMES["English"].split(" "), 1)}


@cache
def _table() -> dict[bytes, int]:
    """Every name in lower, upper and title case, in every encoding that has its letters; UTF-8 comes first."""
    table: dict[bytes, int] = {}
    for encoding in _ENCODINGS:
        for names in NAMES.values():
            for number, name in enumerate(names.split(" "), 1):
                for written in (name, name.upper(), name.title()):
                    try:
                        table.setdefault(written.encode(encoding), number)
                    except UnicodeEncodeError:
                        continue
    table.pop(b"-")
    return table


@lru_cache(1000)
def month(name: bytes) -> int | None:
    """The number of a month by its name, with or without a final dot; None if it is none."""
    name = name.strip(b".*")
    return _ENGLISH.get(name) or _table().get(name)
