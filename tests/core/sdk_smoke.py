"""Runs the SDK under whichever interpreter executes this file and prints what it saw as JSON. Standard library alone.

Run by ``test_interpreters.py`` (and by the wheel's test) with every Python that is at hand; all must see the same.
"""

import io
import json
import logging
import os
import sys
import tempfile
from dataclasses import dataclass, field

seen = {}
folder = tempfile.mkdtemp()
os.environ.update(MOSAIC_HOME=folder, WORKER_ID="000001")

import gym_gui.core.worker as sdk  # noqa: E402
from gym_gui import constants  # noqa: E402
from gym_gui.config import paths, settings  # noqa: E402
from gym_gui.constants import constants_tensorboard  # noqa: E402
from gym_gui.core.worker import encoding, protocols, schema  # noqa: E402
from gym_gui.core.worker.envs import EpisodeSampling, RunCounter  # noqa: E402
from gym_gui.core.worker.envs.frames import FrameWriter  # noqa: E402,F401
from gym_gui.logging_config import LogFilter, configure_logging, log_constants  # noqa: E402
from gym_gui.services.trainer.proto import trainer_pb2  # noqa: E402
from gym_gui.telemetry.semconv import TelemetryEnv, VideoModes  # noqa: E402

seen["names"] = sorted(name for name in sdk.__all__ if getattr(sdk, name) is not None)
seen["protocols"] = protocols.__all__
seen["constants"] = {name: getattr(constants, name) for name in constants.__all__}

# Telemetry
log = os.path.join(folder, "log.jsonl")
os.environ["MOSAIC_LOG"] = log
emitter = sdk.TelemetryEmitter("r", logger=logging.getLogger("worker"))
stream = io.StringIO()
configure_logging("DEBUG", stream=stream, log_filter=LogFilter(component="worker", tags=["smoke"]))
emitter.run_started({"ä": float("nan")}, constant=log_constants.LOG_WORKER_SMOKE_RUNTIME_STARTED)
emitter.step(0, reward=0.5, ep_index=0, terminated=False, truncated=False, action=1)
emitter.step(
    1,
    reward=float("inf"),
    observation=[1.5, float("nan")],
    info={"k": (1, 2)},
    odd={
        1,
    },
    worst=object,
)
emitter.step(2, reward=1.0, ep_index=0, terminated=True, truncated=False, action=1, epsilon=0.1)
emitter.episode(0, total_reward=1.5, steps=3)
emitter.metrics(3, {"loss": 0.25})
emitter.checkpoint_saved({"path": "x"})
emitter.run_completed({})
with open(log, encoding="utf-8") as lines:
    events = [json.loads(line) for line in lines]
for event in events:
    assert event.pop("timestamp", 1.0)
seen["events"] = [repr(sorted(event.items())) for event in events]
record = json.loads(stream.getvalue())
seen["record"] = {name: record[name] for name in ("code", "message", "component", "run_id", "worker_id", "level")}

os.environ["MOSAIC_LOG"] = "/dev/full"
full = sdk.TelemetryEmitter("r")
stderr, sys.stderr = sys.stderr, io.StringIO()
full.step(1)
sys.stderr = stderr
seen["dropped"] = full.dropped
os.environ["MOSAIC_LOG"] = log


# Configs
@dataclass
class SmokeConfig:
    """A config.

    Attributes:
        run_id: The run.
    """

    run_id: str
    seed: "int | None" = None
    lr: float = field(default=1e-4, metadata={"help": "Speed.", "exclusive_minimum": 0})
    hidden: "list[int]" = field(default_factory=lambda: [64])
    mode: 'Literal["train", "evaluate"]' = "train"  # noqa: F821

    def to_dict(self):
        return dict(vars(self))

    @classmethod
    def from_dict(cls, data):
        return cls(**data)


class SmokeRuntime:
    def __init__(self, config, dry_run=False):
        self.config, self.dry_run = config, dry_run
        self.emitter = sdk.TelemetryEmitter(config.run_id)

    def run(self):
        self.emitter.run_started({})
        self.emitter.run_completed({"status": "dry-run" if self.dry_run else "completed"})
        return {}


assert isinstance(SmokeConfig("r"), sdk.WorkerConfig)
assert isinstance(SmokeRuntime(SmokeConfig("r")), sdk.WorkerRuntime)
seen["schema"] = sdk.config_schema(SmokeConfig)
seen["problems"] = [str(problem) for problem in sdk.check_config(SmokeConfig, {"lr": 0, "sed": 1, "mode": "trian"})]
config = os.path.join(folder, "config.json")
with open(config, "w", encoding="utf-8") as out:
    json.dump({"metadata": {"worker": {"config": {"run_id": "cli", "hidden": [1.0]}}}}, out)
seen["loaded"] = sdk.WorkerCLI.load_and_validate_config(config, SmokeConfig).to_dict()
seen["exit"] = sdk.WorkerCLI.run(SmokeConfig, SmokeRuntime, ["--config", config, "--dry-run"])
assert schema.find_config_class("__main__:SmokeConfig") is SmokeConfig

# The rest
capabilities = sdk.WorkerCapabilities(worker_type="smoke", determinism="exact")
seen["capabilities"] = sdk.WorkerCapabilities.from_dict(capabilities.to_dict()).to_dict()
manifest = sdk.WorkerAnalyticsManifest("r", "smoke", sdk.ArtifactsMetadata(tensorboard="tb"), created_at=0.0)
path = manifest.save(os.path.join(folder, "m.json"))
assert sdk.WorkerAnalyticsManifest.load(path) == manifest
seen["manifest"] = manifest.to_dict()
assert isinstance(sdk.discover_workers(), list)
paths.ensure_var_directories()
seen["run_dir"] = os.path.relpath(str(paths.get_run_dir("r")), folder)
seen["elsewhere"] = [
    log_constants.LOG_MOSAIC_WORKER_LLM_RUNTIME_STARTED.code,
    TelemetryEnv.FASTLANE_ONLY,
    VideoModes.SINGLE,
    constants_tensorboard.build_tensorboard_relative_path("r", "w"),
    hasattr(trainer_pb2, "RegisterWorkerRequest"),
    *(os.path.relpath(str(getattr(paths, name)), folder) for name in paths.__all__ if name.startswith("VAR_")),
]
seen["setting"] = settings.get_setting("daemon_port")
seen["sampling"] = [EpisodeSampling("episodes:3").picks(i) for i in range(4)]
assert RunCounter().next_step() == 0
with sdk.HeartbeatThread(emitter, 1000):
    pass
sink = io.StringIO()
own = sdk.TelemetryEmitter("r", sink=sink)
try:
    with sdk.RunLifecycle(SmokeConfig("r"), "smoke", emitter=own, write_manifest=lambda: path) as run:
        run.phase("importing nothing")
        run.refuse([sdk.Problem("mode", "does not fit")])
except sdk.ConfigError:
    seen["refused"] = [run.outcome, run.exit_code]
with sdk.RunLifecycle(SmokeConfig("r"), dry_run=True, emitter=own):
    pass
seen["lifecycle"] = [json.loads(line)["event"] for line in sink.getvalue().splitlines()]
assert encoding.encode_sorted({"b": 1, "a": 2}) == '{"a":2,"b":1}'
assert str(sdk.Cancelled()) == "SIGTERM received"

sys.stdout.write(json.dumps({"python": list(sys.version_info[:2]), "file": sdk.__file__, "seen": seen}))
