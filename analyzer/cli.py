"""The command line: options in, one call, an exit code out. No logic of its own."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analyzer.errors import AnalyzerError, ExitStatus, UsageError
from analyzer.version import __version__

if TYPE_CHECKING:
    from analyzer.pipeline import Progress

app = typer.Typer(
    name="analyzer",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="What the mail servers said, which failures keep coming back, why, and what to do about each: "
    "for the logs of Postfix, Exim and sendmail.",
    epilog="Exit codes: 0 done; 1 a --fail-on held; 2 wrong usage, or nothing readable; "
    "3 done, but some input was damaged, missing or unreadable; 70 internal error; 130 interrupted. "
    "Parsed tables are kept for the next run in mail-log-analyzer in $XDG_CACHE_HOME or ~/.cache.",
)
codes_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The catalogue of reply codes and enhanced status codes."
)
app.add_typer(codes_app, name="codes")

Logs = Annotated[
    list[str] | None,
    typer.Argument(metavar="LOG", help="A file, a folder, a glob, or - for standard input; packed files too. "
                   "Without any, the usual places are tried."),
]  # fmt: skip
Mta = Annotated[
    str, typer.Option("--mta", metavar="auto|postfix|exim|sendmail", help="Read the lines of one MTA only.")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="T",
        help="From this time on: 2026-11-24, '2026-11-24 13:00', today, yesterday, or ago: 24h, 7d.",
    ),
]
Until = Annotated[str | None, typer.Option("--until", metavar="T", help="Before this time.")]
Year = Annotated[
    int | None,
    typer.Option("--year", metavar="Y", min=1970, max=2200, help="Year of the first stamp that has none. "
                 "Otherwise each file's own time tells it."),
]  # fmt: skip
LogZone = Annotated[
    str | None,
    typer.Option("--log-timezone", metavar="TZ", help="Zone of stamps that have none [default: this machine's]."),
]
CauseFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--causes",
        metavar="FILE",
        help="Your own rules for causes, tried before ours (repeatable): TOML with [[rule]] tables.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", metavar="N", min=1, help="Threads that read [default: one per core]; the result is the same with any."
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory", metavar="SIZE", help="Memory that the counts may take before they go to disk, as 800MB or 4GB [default: 320MB]."
    ),
]
Zone = Annotated[
    str | None,
    typer.Option("--timezone", metavar="TZ", help="Zone in which times are shown [default: that of --log-timezone]."),
]


@app.callback(invoke_without_command=True)
def about(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and the engine, and exit.", is_eager=True)
    ] = False,
) -> None:
    """Show the version."""
    if version:
        from analyzer.matcher.program import extension

        engine = "reference; the compiled one is not built" if extension() is None else "compiled"
        typer.echo(f"mail-log-analyzer {__version__} (engine: {engine})")
        raise typer.Exit


@app.command()
def report(
    logs: Logs = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Write report.html, summary.json, CSV files and plots there."
        ),
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="text|json", help="What is printed: the summary, or summary.json.")
    ] = "text",
    since: Since = None,
    until: Until = None,
    top: Annotated[
        int | None,
        typer.Option(
            "--top",
            metavar="N",
            min=1,
            help="Rows of each table in the summary [default: 7 reply codes, 5 destinations].",
        ),
    ] = None,
    mta: Mta = "auto",
    recurring: Annotated[
        int, typer.Option("--recurring", metavar="N", min=1, help="A failure counts as recurring from N times on.")
    ] = 3,
    own: Annotated[
        list[str] | None,
        typer.Option(
            "--own",
            metavar="CIDR|DOMAIN",
            help="Our networks and domains (repeatable): what tells our clients from strangers.",
        ),
    ] = None,
    year: Year = None,
    log_timezone: LogZone = None,
    timezone: Zone = None,
    jobs: Jobs = None,
    memory: Memory = None,
    unrecognised: Annotated[
        Path | None,
        typer.Option("--unrecognised", metavar="FILE", help="Write the lines that were not recognised to FILE."),
    ] = None,
    causes: CauseFiles = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            metavar="EXPR",
            help="Exit with 1 if this holds (repeatable): code:553>=10, class:5xx>5% (of all counted replies), cause:ip_blocked>0.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print no summary.")] = False,
) -> None:
    """What happened, what keeps failing, and what to do about it."""
    from analyzer import pipeline

    _choose("--format", format_, ("text", "json"))
    options = pipeline.Options(
        tuple(logs or ()), mta=mta, since=since, until=until, year=year, log_timezone=log_timezone, timezone=timezone,
        recurring=recurring, own=tuple(own or ()), unrecognised=unrecognised, jobs=jobs, memory=memory,
        causes=tuple(causes or ()),
    )  # fmt: skip
    conditions = pipeline.conditions(fail_on or ())
    started = time.monotonic()
    with _progress() as progress:
        analysis = pipeline.run(options, progress, brief=output is None and format_ == "text")
    seconds = time.monotonic() - started
    _say(*analysis.notes)
    written = analysis.write(output) if output is not None else []
    if not quiet:
        _print(analysis, format_, top, written, seconds)
    for damage in analysis.damage:
        _say(damage["message"])
    held = [condition.text for condition in conditions if condition.holds(analysis.sections)]
    if held:
        _say(*(f"{text} holds." for text in held))
        raise typer.Exit(ExitStatus.FAIL_ON)
    if analysis.damage:
        raise typer.Exit(ExitStatus.DAMAGED)


def _print(analysis: Any, format_: str, top: int | None, written: list[Path], seconds: float) -> None:
    from analyzer.report import files, text

    if format_ == "json":
        _echo(files.dumps(analysis))
    else:
        terminal = text.Terminal.of(sys.stdout, os.environ)
        _echo(text.render(analysis, terminal=terminal, top=top, written=written, seconds=seconds))


@app.command()
def events(
    logs: Logs = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="A .parquet, .csv or .jsonl file [default: standard output]."
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns", metavar="a,b,c", help="Columns, in this order [default: all; the README lists them]."
        ),
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", metavar="csv|jsonl", help="Format on standard output [default: jsonl].")
    ] = None,
    since: Since = None,
    until: Until = None,
    mta: Mta = "auto",
    year: Year = None,
    log_timezone: LogZone = None,
    timezone: Zone = None,
    jobs: Jobs = None,
) -> None:
    """One row per thing that happened to a message, a recipient or a session; times in UTC."""
    from analyzer import pipeline
    from analyzer.events import output as writer

    if format_ is not None:
        _choose("--format", format_, ("csv", "jsonl"))
        if output is not None:
            raise UsageError("--format is for standard output; with -o the file's ending tells the format.")
    options = pipeline.Options(
        tuple(logs or ()),
        mta=mta,
        since=since,
        until=until,
        year=year,
        log_timezone=log_timezone,
        timezone=timezone,
        jobs=jobs,
    )
    names = None if columns is None else [name.strip() for name in columns.split(",") if name.strip()]
    kind = writer.format_of(output) if output is not None else format_ or "jsonl"
    with _progress() as progress:
        stream = pipeline.EventStream(options, names, progress)
        if output is None:
            with _read_by_somebody():
                writer.write(stream.batches, stream.schema, sys.stdout.buffer, kind)
        else:
            with writer.whole_file(Path(output)) as file:
                writer.write(stream.batches, stream.schema, file, kind)
    _say(*stream.notes)
    for damage in stream.damage:
        _say(damage.message)
    if stream.damage:
        raise typer.Exit(ExitStatus.DAMAGED)


@app.command()
def explain(
    reply: Annotated[
        str, typer.Argument(metavar="REPLY", help="The text of a reply, with its codes or without, in quotes.")
    ],
    speaker: Annotated[
        str, typer.Option("--speaker", metavar="us|remote|local", help="Who said it: decides which fix is shown.")
    ] = "remote",
    format_: Annotated[str, typer.Option("--format", metavar="text|json", help="What is printed.")] = "text",
    causes: CauseFiles = None,
) -> None:
    """The cause of one reply, the words that decided, and what to do."""
    from analyzer.report import explained

    _choose("--format", format_, ("text", "json"))
    _echo(explained.render(reply, speaker=speaker, format_=format_, rules=tuple(causes or ())))


Language = Annotated[
    str, typer.Option("--lang", metavar="en|es", help="Language of headings, class names and the translated entries.")
]
CodeFormat = Annotated[str, typer.Option("--format", metavar="text|json", help="What is printed.")]


@codes_app.command("list")
def codes_list(lang: Language = "en", format_: CodeFormat = "text") -> None:
    """Every reply code and enhanced status code, a line each."""
    _code("list", lang, format_)


@codes_app.command("show")
def codes_show(
    code: Annotated[str, typer.Argument(metavar="CODE")], lang: Language = "en", format_: CodeFormat = "text"
) -> None:
    """One code: 553, 5.1.3, or an enhanced code without its dots, 571."""
    _code("show", lang, format_, code)


@codes_app.command("compare")
def codes_compare(
    first: Annotated[str, typer.Argument(metavar="A")],
    second: Annotated[str, typer.Argument(metavar="B")],
    lang: Language = "en",
    format_: CodeFormat = "text",
) -> None:
    """Two codes side by side: classes, meaning, when each is met, what to do for each."""
    _code("compare", lang, format_, first, second)


@codes_app.command("search")
def codes_search(
    text: Annotated[str, typer.Argument(metavar="TEXT")], lang: Language = "en", format_: CodeFormat = "text"
) -> None:
    """Codes whose name or description holds the text."""
    _code("search", lang, format_, text)


def _code(command: str, lang: str, format_: str, *arguments: str) -> None:
    from analyzer.catalogue import view

    _choose("--format", format_, ("text", "json"))
    _echo(view.command(command, *arguments, language=lang, format=format_).rstrip("\n") + "\n")


def _choose(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{option} {value}: choose {' or '.join(choices)}.")


def _say(*sentences: str) -> None:
    for sentence in sentences:
        typer.echo(f"analyzer: {sentence}", err=True)


def _echo(text: str) -> None:
    with _read_by_somebody():
        sys.stdout.buffer.write(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))


@contextmanager
def _read_by_somebody() -> Iterator[None]:
    """Whoever reads our output may have seen enough (``| head``): that is no error, here or when the interpreter exits."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A progress bar on standard error, only on a terminal."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def advance(source: Any, block: Any) -> None:
            if source.name not in tasks:
                tasks[source.name] = bar.add_task(Path(source.name).name, total=source.size)
            bar.update(tasks[source.name], completed=block.read)

        yield advance


def main() -> None:
    """Run the command line; errors become one sentence on standard error and an exit code."""
    sys.exit(_run())


# Older releases of typer raise click's own exceptions, newer ones those of a click inside typer: this finds either.
_WRONG_USAGE: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def _run() -> int:
    try:
        status = app(standalone_mode=False)
    except AnalyzerError as error:
        _say(str(error))
        return int(error.exit_code)
    except _WRONG_USAGE as error:
        error.show()
        return int(ExitStatus.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        _say("Interrupted; nothing half-written is left.")
        return int(ExitStatus.INTERRUPTED)
    except Exception as error:  # the last resort: a bug must not look like a result
        _say(_internal(error))
        return int(ExitStatus.INTERNAL)
    return status if isinstance(status, int) else int(ExitStatus.DONE)


def _internal(error: Exception) -> str:
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="analyzer-error-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    return (
        f"Internal error: {type(error).__name__}. This is a bug: please report it with the command and the file {file.name}, "
        "after taking addresses out of it."
    )
