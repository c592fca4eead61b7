from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

from gym_gui.logging_config import components, log_constants, registry
from gym_gui.logging_config.constant import LEVELS, LogConstant
from gym_gui.logging_config.log_constants import get_constant_by_code, register_log_constant

RANGES = {
    "worker": (401, 430),
    "worker_cleanrl": (431, 445),
    "worker_ray": (446, 460),
    "service": (501, 550),
    "live": (601, 650),
    "ui": (701, 750),
    "worker_balrog": (1001, 1015),
    "daemon": (1101, 1150),
    "proxy": (1151, 1200),
    "launcher": (1201, 1250),
    "cli": (1251, 1300),
}
NAMED = [
    *(f"LOG_WORKER_{kind}_CHECKPOINT_{what}" for kind in ("CLEANRL", "RAY") for what in ("SAVED", "LOADED")),
    *(
        f"LOG_WORKER_{kind}_{what}"
        for kind in ("BALROG", "BARLOG")
        for what in [
            "RUNTIME_STARTED",
            "RUNTIME_STOPPED",
            "RUNTIME_ERROR",
            "EPISODE_STARTED",
            "EPISODE_COMPLETED",
            "LLM_REQUEST",
            "LLM_RESPONSE",
            "LLM_ERROR",
            "ACTION_SELECTED",
            "STEP_TELEMETRY",
            "EPISODE_TELEMETRY",
            "CONFIG_LOADED",
            "ENV_CREATED",
            "AGENT_CREATED",
            "DEBUG",
        ]
    ),
    "LOG_UI_TRAIN_FORM_INFO",
    "LOG_UI_TRAIN_FORM_TELEMETRY_PATH",
    "LOG_UI_TRAIN_FORM_UI_PATH",
    "LOG_WORKER_CONFIG_UI_PATH",
    "LOG_WORKER_CONFIG_DURABLE_PATH",
    "LOG_LIVE_CONTROLLER_BUFFER_STEPS_FLUSHED",
    "LOG_LIVE_CONTROLLER_BUFFER_EPISODES_FLUSHED",
    "LOG_SERVICE_SQLITE_DEBUG",
    "LOG_SERVICE_SQLITE_DESERIALIZATION_FAILED",
]


def own(module: object) -> dict[str, LogConstant]:
    return {name: value for name, value in vars(module).items() if name.startswith("LOG_")}


@pytest.mark.parametrize("module", components.MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_codes_lie_in_their_components_range(module: object) -> None:
    low, high = RANGES[module.__name__.rpartition(".")[2]]  # type: ignore[attr-defined]
    for name, constant in own(module).items():
        assert low <= int(constant.code[3:]) <= high, name


def test_ranges_do_not_overlap() -> None:
    ordered = sorted(RANGES.values())
    assert all(first[1] < second[0] for first, second in itertools.pairwise(ordered))


def test_codes_and_messages_are_unique() -> None:
    constants = {id(value): value for module in components.MODULES for value in own(module).values()}.values()
    codes = [constant.code for constant in constants]
    assert len(codes) == len(set(codes))
    messages = [constant.message for constant in constants]
    assert len(messages) == len(set(messages))


def test_groups_of_workers_have_their_fifteen_codes() -> None:
    for first, kind in ((431, "CLEANRL"), (446, "RAY"), (1001, "BALROG")):
        codes = {
            c.code
            for n, c in registry.registered().items()
            if n.startswith(f"LOG_WORKER_{kind}_") and "LOGW" not in c.code
        }
        assert codes == {f"LOG{first + i}" for i in range(15)}


def test_a_constant_says_everything() -> None:
    constant = log_constants.LOG_WORKER_CLEANRL_RUNTIME_STARTED
    assert constant.code == "LOG431"
    assert constant.level == "INFO"
    assert constant.levelno == LEVELS["INFO"] == 20
    assert constant.component == "Worker"
    assert constant.subcomponent == "CleanRLRuntime"
    assert {"cleanrl", "worker", "runtime", "lifecycle"} <= set(constant.tags)
    assert log_constants.LOG_WORKER_RAY_ANALYTICS_MANIFEST_CREATED.code == "LOG460"


@pytest.mark.parametrize("name", NAMED)
def test_names_that_exist(name: str) -> None:
    constant = getattr(log_constants, name)
    assert not constant.code.startswith("LOGW")
    assert get_constant_by_code(constant.code) is constant
    assert name in dir(log_constants)


def test_both_spellings_are_one() -> None:
    assert log_constants.LOG_WORKER_BARLOG_LLM_ERROR is log_constants.LOG_WORKER_BALROG_LLM_ERROR


@pytest.mark.parametrize(
    ("name", "level", "subcomponent", "message", "tag"),
    [
        (
            "LOG_WORKER_MYWORKER_RUNTIME_STARTED",
            "INFO",
            "MyworkerRuntime",
            "Myworker worker runtime started",
            "myworker",
        ),
        (
            "LOG_WORKER_SPADE_BDI_RUNTIME_FAILED",
            "ERROR",
            "SpadeBdiRuntime",
            "SpadeBdi worker runtime failed",
            "spade_bdi",
        ),
        ("LOG_WORKER_X1_HEARTBEAT", "DEBUG", "X1Runtime", "X1 worker heartbeat", "heartbeat"),
        ("LOG_WORKER_X1_CHECKPOINT_SKIPPED", "WARNING", "X1Runtime", "X1 worker checkpoint skipped", "checkpoint"),
        ("LOG_WORKER_X1_SOMETHING_NEW", "INFO", "X1Runtime", "X1 worker something new", "something"),
        ("LOG_MOSAIC_WORKER_LLM_LLM_ERROR", "ERROR", "LlmRuntime", "Llm worker llm error", "llm"),
        ("LOG_MOSAIC_WORKER_VLM_DEBUG", "DEBUG", "VlmRuntime", "Vlm worker debug", "vlm"),
        (
            "LOG_WORKER_MOSAIC_RUNTIME_INTEGRATION",
            "INFO",
            "MosaicRuntime",
            "Mosaic worker runtime integration",
            "mosaic",
        ),
        ("LOG_WORKER_X", "INFO", "XRuntime", "X worker", "x"),
    ],
)
def test_names_of_other_workers_are_made(name: str, level: str, subcomponent: str, message: str, tag: str) -> None:
    constant = getattr(log_constants, name)
    assert constant is getattr(log_constants, name)
    assert (constant.level, constant.subcomponent, constant.message) == (level, subcomponent, message)
    assert constant.component == "Worker"
    assert tag in constant.tags


@pytest.mark.parametrize(
    "event", ["CLEANRL_RUNTIME_STARTED", "BALROG_LLM_REQUEST", "LLM_RUNTIME_STARTED", "VLM_ACTION_SELECTED", "X"]
)
def test_a_name_with_mosaic_in_it_is_the_same_constant(event: str) -> None:
    constant = getattr(log_constants, f"LOG_MOSAIC_WORKER_{event}")
    assert getattr(log_constants, f"LOG_WORKER_{event}") is constant
    assert get_constant_by_code(constant.code) is constant


@pytest.mark.process
def test_made_codes_are_the_same_in_every_process() -> None:
    code = "from gym_gui.logging_config.log_constants import LOG_WORKER_MYWORKER_RUNTIME_STARTED as c; print(c.code)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == log_constants.LOG_WORKER_MYWORKER_RUNTIME_STARTED.code


@pytest.mark.parametrize(
    "name",
    ["LOG_WORKER_", "LOG_WORKER", "LOG_WORKER_x_Y", "LOG_NONE_SUCH", "LOG_WORKER_X__Y", "LOG_OTHER_WORKER_X", "other"],
)
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(log_constants, name)


def test_nearest_name_is_offered() -> None:
    with pytest.raises(AttributeError, match="did you mean LOG_DAEMON_STARTED"):
        _ = log_constants.LOG_DAEMON_STARTD


def test_registering() -> None:
    constant = LogConstant("LOG9001", "INFO", "Mine", "Worker", "Mine", ["a"])  # type: ignore[arg-type]
    assert constant.tags == ("a",)
    assert register_log_constant("LOG_WORKER_MINE_RUNTIME_READY", constant) is constant
    assert register_log_constant("LOG_WORKER_MINE_RUNTIME_READY", constant) is constant
    assert log_constants.LOG_WORKER_MINE_RUNTIME_READY is constant
    with pytest.raises(ValueError, match="LOG9001 already means"):
        register_log_constant("LOG_WORKER_MINE_OTHER", LogConstant("LOG9001", "INFO", "Other", "Worker", "Mine"))
    with pytest.raises(ValueError, match="is already LOG9001"):
        register_log_constant(
            "LOG_WORKER_MINE_RUNTIME_READY", LogConstant("LOG9002", "INFO", "Other", "Worker", "Mine")
        )
    with pytest.raises(ValueError, match="words in capitals"):
        register_log_constant("log_mine", constant)


@pytest.mark.parametrize(("code", "level"), [("", "INFO"), ("LOG1", "LOUD")])
def test_nonsense_is_refused(code: str, level: str) -> None:
    with pytest.raises(ValueError, match=r"code|level"):
        LogConstant(code, level, "x", "y", "z")


def test_unknown_code() -> None:
    assert get_constant_by_code("LOG0") is None
