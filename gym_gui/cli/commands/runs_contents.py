"""``mosaic runs config``, ``episodes`` and ``artifacts``: what a run consists of."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import TEXT, common, run_argument
from gym_gui.cli.supervised import starts_daemon
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.analysis import RunSource
    from gym_gui.reading import EpisodePage, FileListing


@click.command()
@run_argument
@common
@starts_daemon
@anywhere
def config(home: Path, run: str, as_json: bool) -> int:  # noqa: ARG001 - it is JSON anyway
    """Print the run config that a run was submitted with: `mosaic run FILE` repeats it.

    Secrets are shown as marks.
    """
    from gym_gui.cli.output import print_json

    with site_of(home).runs() as source:
        print_json(source.details(source.resolve(run)).config)
    return 0


@click.command()
@run_argument
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Maximum number.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Skip so many.")
@click.option(
    "--sort", type=TEXT, metavar="FIELD", default="-id", show_default=True,
    help="id (as printed), index, return, steps or time; '-' before it: from the highest down.",
)  # fmt: skip
@click.option("--phase", type=click.Choice(["train", "eval"]), help="Only training, or only evaluation episodes.")
@click.option("--worker", "worker_id", type=TEXT, metavar="ID", default="", help="Only of this worker.")
@click.option("--agent", "agent_id", type=TEXT, metavar="ID", default="", help="Only of this agent.")
@common
@starts_daemon
@anywhere
def episodes(
    home: Path,
    run: str,
    limit: int,
    offset: int,
    sort: str,
    phase: str | None,
    worker_id: str,
    agent_id: str,
    as_json: bool,
) -> int:
    """List a run's episodes, the last ones first."""
    from gym_gui.cli.output import print_json
    from gym_gui.reading import EpisodeQuery

    query = EpisodeQuery(phase or "", worker_id, agent_id, sort, offset, limit)
    with site_of(home).runs() as source:
        page = source.episodes(source.resolve(run), query)
    if as_json:
        print_json(page)
    else:
        _print_episodes(page, offset)
    return 0


@click.command()
@run_argument
@click.argument("path", type=TEXT, metavar="[PATH]", default="")
@click.option("-r", "--recursive", is_flag=True, help="Also what folders hold.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Copy the file at PATH; '-': stdout."
)
@common
@starts_daemon
@anywhere
def artifacts(home: Path, run: str, path: str, recursive: bool, output: Path | None, as_json: bool) -> int:
    """List the files of a run: checkpoints, videos, TensorBoard files, logs; with -o copy one of them.

    Works on another machine's runs too: `mosaic --context lab runs artifacts latest videos/w/episode-1.mp4 -o a.mp4`.
    """
    from gym_gui.cli.output import print_json, say

    with site_of(home).runs() as source:
        run_id = source.resolve(run)
        if output is not None:
            copied = _copy(source, run_id, path, output)
            if str(output) != "-":
                say(f"copied {copied:,} bytes to {output}")
            return 0
        listing = source.files(run_id, path, recursive=recursive)
    if as_json:
        print_json(listing)
    else:
        _print_files(listing)
    return 0


def _print_episodes(page: EpisodePage, offset: int) -> None:
    from gym_gui.cli.output import console, say
    from gym_gui.cli.table import LUXURY, Column, add_row, print_table
    from gym_gui.look import figures

    columns = [
        Column("id", rank=LUXURY), Column("episode", right=True), Column("phase"), Column("worker", rank=3),
        Column("agent", rank=4), Column("return", right=True), Column("steps", right=True), Column("ended by", rank=2),
        Column("at", rank=1),
    ]  # fmt: skip
    for each in page.episodes:
        ended = [name for name in ("terminated", "truncated", "success") if getattr(each, name)]
        add_row(
            columns, str(each.id), figures.count(each.ep_index), each.phase, each.worker_id, each.agent_id or "",
            figures.decimal(each.total_reward), figures.count(each.steps), ", ".join(ended),
            figures.moment(each.timestamp),
        )  # fmt: skip
    if page.episodes:
        screen = console()
        print_table(screen, columns, wide=not screen.is_terminal)
    if len(page.episodes) < page.total:
        say(f"{len(page.episodes):,} of {page.total:,} episodes, {offset:,} skipped; --offset and --limit show others")
    if not page.total:
        say("no episodes")


def _print_files(listing: FileListing) -> None:
    from gym_gui.cli.output import console, say
    from gym_gui.cli.table import Column, add_row, print_table
    from gym_gui.look import figures

    columns = [Column("path"), Column("size", right=True), Column("type", rank=2), Column("modified", rank=1)]
    for each in listing.entries:
        folder = each.kind == "folder"
        size = figures.size(each.bytes) if each.kind == "file" else figures.NOTHING
        kind = each.media_type if each.kind == "file" else each.kind
        add_row(columns, each.path + "/" * folder, size, kind, figures.moment(each.modified_at))
    if listing.entries:
        screen = console()
        print_table(screen, columns, wide=not screen.is_terminal)
    else:
        say("no files")
    if listing.truncated:
        say("there are more: name a folder in it")


def _copy(source: RunSource, run_id: str, path: str, output: Path) -> int:
    """Copy a file of a run; return the number of bytes.

    Raises:
        UsageError: No file was named, or it cannot be read or written.
    """
    from gym_gui.core.worker.errors import UsageError

    if not path:
        raise UsageError("no file was named", where="PATH", next_step=f"list them: mosaic runs artifacts {run_id} -r")
    data, size = source.read_file(run_id, path)
    try:
        stream: Any = sys.stdout.buffer if str(output) == "-" else output.open("wb")
        try:
            copied = int(stream.write(data))
            while copied < size and data:
                data, size = source.read_file(run_id, path, offset=copied)
                copied += stream.write(data)
            stream.flush()
        finally:
            if stream is not sys.stdout.buffer:
                stream.close()
    except OSError as error:
        raise UsageError(
            f"{output} cannot be written", where=str(output), why=error.strerror or str(error),
            next_step="name another file: -o FILE",
        ) from None  # fmt: skip
    return copied
