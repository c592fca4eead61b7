"""Jobs of a daemon: followed until they end, shown like what is done here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from gym_gui.cli.output import say, say_always

if TYPE_CHECKING:
    from gym_gui.jobs import Job, JobEvent
    from gym_gui.rpc import TrainerClient


def do_there(
    client: TrainerClient,
    kind: str,
    subject: str,
    options: dict[str, Any],
    on_event: Callable[[JobEvent], None],
) -> Job:
    """Have a daemon do a job, and follow it to its end; Ctrl-C cancels it.

    Args:
        client: The daemon.
        kind: Of the job.
        subject: The worker.
        options: Of that kind.
        on_event: Called with each event of its log.

    Raises:
        KeyboardInterrupt: The user has cancelled it.
        MosaicError: It failed, or was not found to have ended well.
    """
    job = client.start_job(kind, subject, options)
    say(f"job {job.job_id}: {job.title}")
    try:
        return follow(client, job.job_id, on_event)
    except KeyboardInterrupt:
        client.cancel_job(job.job_id)
        say_always(f"job {job.job_id} is being cancelled")
        raise


def follow(client: TrainerClient, job_id: str, on_event: Callable[[JobEvent], None]) -> Job:
    """Follow a job to its end.

    Args:
        client: Its daemon.
        job_id: The job.
        on_event: Called with each event of its log, from the first.

    Raises:
        MosaicError: It failed, was cancelled, or was lost.
    """
    from gym_gui.jobs import raised_error

    known = 0
    for job in client.watch_jobs([job_id]):
        for event in _events(client, job_id, known):
            known = event.number
            on_event(event)
        if job.state.terminal:
            if job.error is not None:
                raise raised_error(job.error)
            return job
    raise AssertionError(job_id)  # a watch ends with the job's last value


def _events(client: TrainerClient, job_id: str, known: int) -> Iterator[JobEvent]:
    while True:
        _, events = client.read_job(job_id, after=known)
        if not events:
            return
        yield from events
        known = events[-1].number


def show_progress(view: Any) -> Callable[[JobEvent], None]:
    """Return what shows a job's events in the view of an install.

    Args:
        view: Of :func:`gym_gui.cli.progress.install_view.install_view`.
    """

    def show(event: JobEvent) -> None:
        if event.kind == "step":
            view.begin(event.text)
        elif event.kind == "done":
            view.done(event.text, event.seconds or 0.0)
        elif event.kind == "note":
            view.note(event.text)

    return show
