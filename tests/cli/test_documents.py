"""What ``--json`` prints is what its schema says, by real runs and the real command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gym_gui.app.documents import (
    Archived,
    BulkRuns,
    CheckedRuns,
    Deleted,
    DetachedSubmission,
    EndedSubmission,
    Failure,
    FoundRuns,
    ListedWorkers,
    Reindexed,
    Restored,
    RunFrames,
    RunList,
    RunSeries,
    RunSeriesNames,
    ShownEpisode,
    ShownRun,
    Verified,
    schema_of,
)
from gym_gui.reading.episodes import EpisodePage
from gym_gui.reading.files import FileListing
from gym_gui.trainer.why import Explanation

CODE = """
open('c.bin', 'w').write('x')
say(event_type='episode', ep_index=0, total_reward=float('nan'), steps=5, agent_rewards={'a': 1.0, 'b': float('inf')})
say(event='checkpoint_saved', payload={'path': 'c.bin', 'step': 5, 'algorithm': 'q', 'libraries': {'torch': '2.0'}})
print('some words', flush=True)
"""


def faults(kind: type, document: Any) -> list[str]:
    found = Draft202012Validator(schema_of(kind)).iter_errors(document)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


@pytest.mark.timeout(600)  # twenty commands, on a machine that may be busy
def test_each_document_is_as_its_schema_says(script: Any, home: Path, wait_until: Any) -> None:
    train = ("train", "saver", f"--set=code={CODE}", "--json")
    printed = [
        (CheckedRuns, script(*train, "--dry-run")),
        (EndedSubmission, script(*train, "--name", "one")),
        (EndedSubmission, script(*train, "--seeds", "1,2")),
        (EndedSubmission, script("evaluate", "one", "--json")),
        (DetachedSubmission, script(*train, "--detach", "--name", "two")),
        (RunList, script("runs", "watch", "two", "--json")),
        (RunList, script("runs", "list", "--json")),
        (FoundRuns, script("runs", "list", "--query", "saver", "--column", "config.code", "--json")),
        (FoundRuns, script("runs", "list", "--group-by", "variant", "--json")),
        (BulkRuns, script("runs", "star", "one", "--json")),
        (ShownRun, script("runs", "show", "one", "--json")),
        (Explanation, script("runs", "why", "one", "--json")),
        (EpisodePage, script("runs", "episodes", "one", "--json")),
        (ShownEpisode, script("replay", "one", "--json")),
        (FileListing, script("runs", "artifacts", "one", "-r", "--json")),
        (RunFrames, script("runs", "render", "one", "--json")),
        (RunSeriesNames, script("runs", "metrics", "one", "--json")),
        (RunSeries, script("runs", "metrics", "one", "return", "--x", "episode", "--json")),
        (BulkRuns, script("runs", "cancel", "one", "--json")),
        (Verified, script("runs", "verify", "one", "two", "--json")),
        (Reindexed, script("runs", "reindex", "one", "--json")),
        (Archived, script("runs", "archive", "one", "--dry-run", "--json")),
        (Archived, script("runs", "archive", "one", "--yes", "--json")),
        (Restored, script("runs", "restore", str(next((home / "archive").glob("*.gz"))), "--json")),
        (Deleted, script("runs", "delete", "one", "--yes", "--json")),
        (ListedWorkers, script("workers", "list", "--json")),
        (Failure, script("runs", "show", "nothing", "--json")),
        (Failure, script("train", "saver", "--set", "x=1", "--json")),
    ]
    assert {kind.__name__: found for kind, ended in printed if (found := faults(kind, ended.json))} == {}


def test_the_schema_is_strict() -> None:
    assert faults(Deleted, {"deleted": [], "dry_run": False}) == []
    assert faults(Deleted, {"deleted": []})
    assert faults(Deleted, {"deleted": [], "dry_run": False, "more": 1})
    assert faults(Deleted, {"deleted": [1], "dry_run": False})
