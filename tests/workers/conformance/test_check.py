"""The kit catches what is wrong, and lets pass what is right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.workers.conformance import Report, all_rules, check_worker
from gym_gui.workers.conformance.rules import choose_rules
from gym_gui.workers.record import WorkerRecord

BROKEN = {
    "cannot_be_imported": ("entry-point", "a_package_that_nobody_has"),
    "forgets_settings": ("config-round-trip", "env_id"),
    "freezes_its_config": ("config-constructible", "frozen"),
    "trains_in_a_dry_run": ("dry-run-events", "step"),
    "starts_late": ("lifecycle-start", "step"),
    "ends_twice": ("lifecycle-end", "2 times"),
    "names_another_run": ("event-run-id", "'mine'"),
    "prints_beside": ("telemetry-program-output", "Using cpu device"),
    "prints_dicts": ("telemetry-json", "{'event_type'"),
    "glues_lines": ("telemetry-whole-lines", "line "),
    "measures_nothing": ("telemetry-nan", "reward"),
    "tells_secrets": ("secrets-hidden", "line "),
    "fails_silently": ("failure-event", "run_started"),
    "swallows_the_failure": ("failure-exit-code", "exit code 0"),
    "leaves_a_process": ("leaves-processes", "1 "),
    "lists_what_is_not_there": ("manifest-exists", "videos, checkpoints"),
    "promises_determinism": ("determinism-exact", "train 0"),
    "does_not_flush": ("telemetry-flushed", "stuck in its buffer"),
    "ignores_sigterm": ("cancel-grace", "killed after 2 s"),
    "completes_when_cancelled": ("cancel-truth", "run_completed after SIGTERM"),
    "beats_in_the_main_thread": ("heartbeat-blocked", "none came"),
    "cannot_go_on": ("checkpoint-resume", "no checkpoint of mine"),
    "resumes_at_step_one": ("checkpoint-step", "began again with step 0; the checkpoint was saved at step "),
    "resumes_with_other_numbers": ("checkpoint-exact", "after resuming, episodes differ"),
    "resumes_when_it_is_over": ("checkpoint-exact", "after resuming, episodes differ"),
    "beats_by_the_step": ("heartbeat-thread", "none came"),
    "writes_beside_its_run": ("path-helpers", "model.pt"),
    "saves_elsewhere": ("path-helpers", "mosaic-broken-worker.pt"),
    "never_says_started": ("lifecycle-start", "the first event is step"),
    "dies_in_argparse": ("run-completes", "exit code 2"),
    "stops_halfway": ("run-completes", "exit code 0 and said step last"),
    "trains_without_end": ("run-completes", "name it with --set (fields: run_id, seed, env_id, stamina)"),
    "borrows_log_constants": ("log-constants", "LOG_WORKER_CLEANRL_RUNTIME_STARTED"),
}
LONG = {"does_not_flush", "ignores_sigterm", "completes_when_cancelled", "beats_in_the_main_thread", "cannot_go_on",
        "promises_determinism", "resumes_at_step_one", "resumes_with_other_numbers",
        "resumes_when_it_is_over", "beats_by_the_step", "trains_without_end"}  # fmt: skip

# Small workers in different styles: plain prints, the SDK, argparse alone with a class of its own, a process around a
# script, checkpoints.
GOOD = ["printing", "sdk", "parsing", "wrapping", "resuming", "elsewhere"]
# They are installed without console scripts, and keep things simple.
NO_PACKAGE = {"console-script", "heartbeat-setting", "manifest-written"}


def found(report: Report) -> dict[str, str]:
    return {result.rule.name: result.seen for result in report.results if result.outcome == "broken"}


@pytest.mark.parametrize(
    ("name", "finding", "seen"),
    [
        pytest.param(name, *expected, marks=[pytest.mark.slow] if name in LONG else [], id=name)
        for name, expected in BROKEN.items()
    ],
)
def test_a_broken_worker_is_caught(
    name: str, finding: str, seen: str, examined: Callable[..., Report], leftovers: Callable[[str], list[int]]
) -> None:
    report = examined(name, finding)
    assert list(found(report)) == [finding]
    assert seen in found(report)[finding]
    level = next(rule.level for rule in all_rules() if rule.name == finding)
    assert report.certified == (level == "warning")
    assert leftovers(f"{report.record.name}_worker") == []


def test_every_broken_worker_is_tried() -> None:
    assert {path.name for path in (Path(__file__).parents[1] / "broken").iterdir() if path.is_dir()} >= set(BROKEN)


@pytest.mark.parametrize("name", GOOD)
def test_a_plain_worker_passes_with_warnings_at_most(name: str, examined: Callable[..., Report]) -> None:
    report = examined(name, quick=True)
    assert report.broken("error") == []
    assert report.certified
    assert not report.complete


@pytest.mark.slow
@pytest.mark.parametrize("name", GOOD)
def test_a_plain_worker_passes_the_whole_kit(name: str, examined: Callable[..., Report]) -> None:
    report = examined(name)
    assert report.broken("error") == []
    assert report.complete
    outcomes = {result.rule.name: result.outcome for result in report.results}
    expected = {
        "printing": {"cancel-event": "broken", "cancel-grace": "kept", "telemetry-flushed": "kept"},
        "sdk": {"cancel-event": "kept", "cancel-exit-code": "kept", "determinism-exact": "kept"},
        "parsing": {"cancel-event": "kept", "heartbeat-thread": "kept", "determinism-exact": "kept"},
        "wrapping": {"cancel-event": "kept", "heartbeat-thread": "kept", "failure-error-type": "kept"},
        "elsewhere": {"failure-event": "skipped", "failure-exit-code": "kept", "telemetry-flushed": "kept"},
        "resuming": {"checkpoint-step": "kept", "checkpoint-exact": "kept", "log-constants": "kept"},
    }
    assert outcomes.items() >= expected[name].items()
    pitfalls = {name for name, outcome in outcomes.items() if outcome == "broken"}
    allowed = {
        "parsing": NO_PACKAGE | {"log-constants", "config-loader", "config-to-json", "config-schema", "dry-run-option",
                                 "cli-schema-option", "cli-worker-id"},
        "wrapping": NO_PACKAGE | {"log-constants", "cli-schema-option", "config-form"},
        "resuming": NO_PACKAGE | {"config-form", "isolation-import", "isolation-run", "heartbeat-thread"},
    }  # fmt: skip
    assert pitfalls <= allowed.get(name, pitfalls)


def test_a_worker_that_never_ran_is_said_to_be_right_in_nothing_that_a_run_shows(
    examined: Callable[..., Report],
) -> None:
    report = examined("dies_in_argparse", quick=True)
    kept = {result.rule.name for result in report.results if result.outcome == "kept"}
    of_runs = {
        name
        for name in kept
        if name.startswith(("telemetry-", "event-", "secrets-", "leaves-", "failure-", "lifecycle-", "cancel-", "run-"))
    }
    assert of_runs == set()
    assert not report.certified


def test_an_environment_refused_with_the_config_is_no_silent_failure(examined: Callable[..., Report]) -> None:
    rules = ("failure-ignored", "failure-event", "failure-exit-code", "failure-error-type", "failure-time")
    report = examined("elsewhere", *rules)
    outcomes = {result.rule.name: result.outcome for result in report.results}
    assert outcomes == {
        "failure-ignored": "kept",
        "failure-event": "skipped",
        "failure-exit-code": "kept",
        "failure-error-type": "skipped",
        "failure-time": "kept",
    }
    (skipped,) = [result for result in report.results if result.rule.name == "failure-event"]
    assert "there is no task 'MosaicNoSuchEnvironment-v99'" in skipped.seen


@pytest.mark.slow
@pytest.mark.parametrize(("name", "outcome"), [("never_says_started", "kept"), ("does_not_flush", "broken")])
def test_only_a_buffer_that_was_seen_is_found(name: str, outcome: str, examined: Callable[..., Report]) -> None:
    (result,) = examined(name, "telemetry-flushed").results
    assert result.outcome == outcome


def test_what_is_said_of_the_length_is_true(examined: Callable[..., Report]) -> None:
    told: list[str] = []
    examined("elsewhere", "run-completes", on_stage=told.append)
    assert "training it with num_episodes=20" in told


def test_the_seeds_pitfalls_are_warnings(examined: Callable[..., Report]) -> None:
    pitfalls = ("config-unknown-keys", "config-bounds", "config-loader", "config-to-json", "cli-worker-id")
    assert set(found(examined("printing", *pitfalls))) == set(pitfalls)
    assert set(found(examined("sdk", "isolation-import", "metadata-filled"))) == {"isolation-import", "metadata-filled"}


def test_a_report_says_what_to_change(examined: Callable[..., Report]) -> None:
    report = examined("ends_twice", "lifecycle-end", "lifecycle-start").to_dict()
    assert (report["worker"], report["certified"], report["errors"], report["warnings"]) == ("printing", False, 1, 0)
    assert len(report["package_hash"]) == 64
    kept, broken = report["findings"]
    assert kept == {"name": "lifecycle-start", "level": "error", "outcome": "kept", "seen": ""}
    assert broken["docs"] == "docs/reference/findings.md#lifecycle-end"
    assert broken["mend"]


def test_rules_have_names_of_their_own_and_whole_sentences() -> None:
    rules = all_rules()
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.title.endswith("."), rule.name
        assert rule.why.endswith("."), rule.name
        assert rule.mend.endswith((".", ")`")), rule.name


def test_an_unknown_finding_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'config-round-trip'"):
        choose_rules(["config-roundtrip"])


def test_settings_are_checked(small_worker: Callable[[str], WorkerRecord]) -> None:
    record = small_worker("printing")
    with pytest.raises(ConfigError, match="total_steps"):
        check_worker(record, settings={"total_step": 5})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["random", "cleanrl"])
def test_our_own_workers_are_certified_without_a_warning(name: str, home: Path) -> None:
    from gym_gui.workers.catalog import WorkerCatalog

    report = check_worker(WorkerCatalog(home).get(name))
    assert found(report) == {}
    assert report.complete
