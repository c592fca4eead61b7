"""Storms: runs are submitted, cancelled, paused, archived, restored, reindexed and deleted while processes are killed.

``STORM_SEEDS=4,5`` runs these in place of the usual ones.

Afterwards every acknowledged run is there or was deleted by its own command, every ledger balances, and neither a
process nor a held lock nor a file with secrets is left.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from gym_gui.analysis.archive import archive_run, restore_run
from gym_gui.analysis.deletion import check_deletable, delete_run
from gym_gui.analysis.queries import get_run, list_runs, run_ids
from gym_gui.core.worker.errors import MosaicError
from gym_gui.proxy.reindex import reindex_run
from gym_gui.proxy.summary import read_summary
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import is_locked
from gym_gui.runs.private_files import secret_files
from gym_gui.supervision.launch_locks import held_launch_locks
from gym_gui.telemetry.verify import verify_run
from gym_gui.trainer.finalize import is_finished

ACTORS = 3
ACTIONS = 25
"""Of each actor."""
PROGRAMS = (
    ("started", "step:50", "completed"),
    ("started", "murmur:1.5", "completed"),
    ("started", "child:orphan_deaf", "full_speed:0.3", "completed"),
    ("started", "step:20", "first_attempt:exit:1", "step:20", "completed"),
    ("started", "ignore_term", "murmur:20", "completed"),
)


class Storm:
    """What the actors did and must find again."""

    def __init__(self, cluster, seed: int, busy) -> None:
        self.cluster, self.home, self._busy = cluster, cluster.home, busy
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.acknowledged: set[str] = set()
        self.deleting: set[str] = set()
        self.deleted: set[str] = set()
        self.archived: dict[str, Path] = {}
        self.refusals: Counter[tuple[str, str]] = Counter()
        self.unexpected: list[BaseException] = []

    def act(self, seed: int) -> None:
        """Do one thing after another; what is refused is refused, but nothing may fail otherwise."""
        chance = random.Random(seed)
        for _ in range(ACTIONS):
            action = chance.choices(
                (
                    self.submit,
                    self.cancel,
                    self.pause,
                    self.delete,
                    self.archive,
                    self.restore,
                    self.reindex,
                    self.look,
                    self.cancel_many,
                    self.stop_daemon,
                    self.verify,
                ),
                weights=(6, 3, 2, 2, 2, 2, 2, 2, 1, 1, 2),
            )[0]
            try:
                action(chance)
            except (MosaicError, OSError) as error:  # refused, or the daemon was killed meanwhile
                self.refusals[action.__name__, str(error).partition("\n")[0]] += 1
            except BaseException as error:  # noqa: BLE001 - told by the test, not lost with the thread
                self.unexpected.append(error)
                return

    def submit(self, chance: random.Random) -> None:
        payload = {
            "run_name": f"storm {chance.randrange(5)}",
            "entry_point": sys.executable,
            "arguments": ["-S", str(self.cluster._badworker), *chance.choice(PROGRAMS)],
            "environment": {"WORKER_ID": "a", "SOME_TOKEN": "do not keep me"},
            "limits": {"shutdown_timeout_s": 0.5, "startup_timeout_s": 60.0, "max_attempts": chance.choice((1, 2))},
        }
        if chance.random() < 0.3:  # can be paused
            config = {"env_id": "CartPole-v1", "total_steps": 600, "step_rate": 300}
            payload = {"run_name": "storm", "metadata": {"worker": {"worker_id": "random", "config": config}}}
        with TrainerClient.connect(self.home) as client:
            run_id = client.submit(payload)
        self.acknowledged.add(run_id)

    def cancel(self, chance: random.Random) -> None:
        with TrainerClient.connect(self.home) as client:
            client.cancel(self._any(chance), reason="storm")

    def cancel_many(self, chance: random.Random) -> None:
        with TrainerClient.connect(self.home) as client:
            for run in list_runs(self.home)[: chance.randrange(6)]:
                client.cancel(run.run_id, reason="all of them")

    def stop_daemon(self, chance: random.Random) -> None:
        stop_daemon(self.home)

    def verify(self, chance: random.Random) -> None:
        """A recount beside whatever goes on neither fails nor changes anything."""
        folder = RunFolder.of(self.home, self._any(chance))
        ended = folder.run_json.exists() and read_summary(folder).state.terminal
        report = verify_run(folder)
        if ended and folder.path.exists() and is_finished(folder) and not is_locked(folder.proxy_lock):
            again = verify_run(folder)
            assert again.ok, (report.to_dict(), again.to_dict())

    def pause(self, chance: random.Random) -> None:
        run_id = self._any(chance)
        with TrainerClient.connect(self.home) as client:
            client.pause(run_id)
            time.sleep(chance.random())
            client.unpause(run_id)

    def delete(self, chance: random.Random) -> None:
        run_id = self._any(chance)
        check_deletable(self.home, get_run(self.home, run_id))
        self.deleting.add(run_id)
        delete_run(self.home, run_id)
        self.deleted.add(run_id)

    def archive(self, chance: random.Random) -> None:
        run_id = self._any(chance)
        check_deletable(self.home, get_run(self.home, run_id))
        path = archive_run(self.home, run_id, self.home / "archive")
        self.archived[run_id] = path
        delete_run(self.home, run_id)

    def restore(self, chance: random.Random) -> None:
        run_id = chance.choice(sorted(self.archived) or ["none"])
        restore_run(self.home, self.archived.get(run_id, Path("none")))

    def reindex(self, chance: random.Random) -> None:
        reindex_run(RunFolder.of(self.home, self._any(chance)))

    def look(self, chance: random.Random) -> None:
        assert {run.run_id for run in list_runs(self.home)} <= set(run_ids(self.home)) | self.deleting | set(
            self.archived
        )

    def kill(self, stop: threading.Event) -> None:
        """Kill a process of a run, its proxy or the daemon, now and then."""
        while not stop.wait(self.random.uniform(0.2, 1.2) * self._busy()):
            victims = list(self.cluster.left())
            if self.random.random() < 0.3 and (daemon := self.cluster.daemon_pid()) is not None:
                victims = [daemon]
            if victims:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.random.choice(victims), signal.SIGKILL)

    def _any(self, chance: random.Random) -> str:
        return chance.choice(sorted(self.acknowledged - self.deleted) or ["01ARZ3NDEKTSV4RRFFQ69G5FAV"])


@pytest.mark.fault
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [int(seed) for seed in os.environ.get("STORM_SEEDS", "1,2,3").split(",")])
def test_a_storm_loses_nothing(cluster, until, busy, seed):
    storm, stop = Storm(cluster, seed, busy), threading.Event()
    actors = [threading.Thread(target=storm.act, args=(seed * 100 + number,)) for number in range(ACTORS)]
    killer = threading.Thread(target=storm.kill, args=(stop,))
    for thread in (*actors, killer):
        thread.start()
    for thread in actors:
        thread.join()
    stop.set()
    killer.join()
    assert storm.unexpected == []

    kept = storm.acknowledged - storm.deleting - set(storm.archived)
    assert len(storm.acknowledged) > 5, storm.refusals
    assert kept <= set(run_ids(cluster.home))
    with TrainerClient.connect(cluster.home) as client:
        for run_id in run_ids(cluster.home):
            client.cancel(run_id)
        until(lambda: all(run.state.terminal for run in list_runs(cluster.home)), 120)
        until(lambda: client.status().active_runs == 0, 60)
    for run_id in run_ids(cluster.home):
        folder = RunFolder.of(cluster.home, run_id)
        until(lambda folder=folder: is_finished(folder), 60)
        if folder.database.exists():
            report = verify_run(folder)
            assert report.ok, report.to_dict()
            assert report.ledger.balanced, report.ledger
        assert secret_files(folder) == [], run_id
        assert not is_locked(folder.proxy_lock), run_id
        assert held_launch_locks(folder) == [], run_id
    restored = set(run_ids(cluster.home)) & set(storm.archived)
    assert not storm.deleted & set(run_ids(cluster.home)) - restored, "a deleted run is there"
    for path in storm.archived.values():
        assert path.exists(), path
