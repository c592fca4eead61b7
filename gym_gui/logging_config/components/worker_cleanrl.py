"""Log constants of the CleanRL worker (LOG431-445)."""

from __future__ import annotations

from gym_gui.logging_config.constant import Family

_runtime = Family("Worker", "CleanRLRuntime", "cleanrl", "worker")

LOG_WORKER_CLEANRL_RUNTIME_STARTED = _runtime(431, "INFO", "CleanRL worker runtime started", "runtime", "lifecycle")
LOG_WORKER_CLEANRL_RUNTIME_COMPLETED = _runtime(432, "INFO", "CleanRL worker runtime completed", "runtime", "lifecycle")
LOG_WORKER_CLEANRL_RUNTIME_FAILED = _runtime(
    433, "ERROR", "CleanRL worker runtime failed", "runtime", "lifecycle", "error"
)
LOG_WORKER_CLEANRL_MODULE_RESOLVED = _runtime(434, "INFO", "CleanRL algorithm module resolved", "module")
LOG_WORKER_CLEANRL_CONFIG_LOADED = _runtime(435, "INFO", "CleanRL worker config loaded", "config")
LOG_WORKER_CLEANRL_TENSORBOARD_ENABLED = _runtime(436, "INFO", "CleanRL worker writes TensorBoard files", "tensorboard")
LOG_WORKER_CLEANRL_WANDB_ENABLED = _runtime(437, "INFO", "CleanRL worker logs to Weights & Biases", "wandb")
LOG_WORKER_CLEANRL_HEARTBEAT = _runtime(438, "DEBUG", "CleanRL worker heartbeat", "heartbeat")
LOG_WORKER_CLEANRL_SUBPROCESS_STARTED = _runtime(439, "INFO", "CleanRL subprocess started", "subprocess")
LOG_WORKER_CLEANRL_SUBPROCESS_FAILED = _runtime(440, "ERROR", "CleanRL subprocess failed", "subprocess", "error")
LOG_WORKER_CLEANRL_CHECKPOINT_SAVED = _runtime(441, "INFO", "CleanRL checkpoint saved", "checkpoint")
LOG_WORKER_CLEANRL_CHECKPOINT_LOADED = _runtime(442, "INFO", "CleanRL checkpoint loaded", "checkpoint")
LOG_WORKER_CLEANRL_ANALYTICS_MANIFEST_CREATED = _runtime(443, "INFO", "CleanRL analytics manifest created", "analytics")
LOG_WORKER_CLEANRL_EVAL_MODE_STARTED = _runtime(444, "INFO", "CleanRL evaluation started", "eval")
LOG_WORKER_CLEANRL_EVAL_MODE_COMPLETED = _runtime(445, "INFO", "CleanRL evaluation completed", "eval")
