"""Log constants of the Ray worker (LOG446-460)."""

from __future__ import annotations

from gym_gui.logging_config.constant import Family

_runtime = Family("Worker", "RayRuntime", "ray", "worker")

LOG_WORKER_RAY_RUNTIME_STARTED = _runtime(446, "INFO", "Ray worker runtime started", "runtime", "lifecycle")
LOG_WORKER_RAY_RUNTIME_COMPLETED = _runtime(447, "INFO", "Ray worker runtime completed", "runtime", "lifecycle")
LOG_WORKER_RAY_RUNTIME_FAILED = _runtime(448, "ERROR", "Ray worker runtime failed", "runtime", "lifecycle", "error")
LOG_WORKER_RAY_CLUSTER_STARTED = _runtime(449, "INFO", "Ray cluster started", "cluster")
LOG_WORKER_RAY_CLUSTER_SHUTDOWN = _runtime(450, "INFO", "Ray cluster shut down", "cluster")
LOG_WORKER_RAY_TUNE_STARTED = _runtime(451, "INFO", "Ray Tune run started", "tune")
LOG_WORKER_RAY_TUNE_COMPLETED = _runtime(452, "INFO", "Ray Tune run completed", "tune")
LOG_WORKER_RAY_RLLIB_TRAINING_STARTED = _runtime(453, "INFO", "RLlib training started", "rllib", "training")
LOG_WORKER_RAY_RLLIB_TRAINING_ITERATION = _runtime(454, "DEBUG", "RLlib training iteration done", "rllib", "training")
LOG_WORKER_RAY_CHECKPOINT_SAVED = _runtime(455, "INFO", "Ray checkpoint saved", "checkpoint")
LOG_WORKER_RAY_CHECKPOINT_LOADED = _runtime(456, "INFO", "Ray checkpoint loaded", "checkpoint")
LOG_WORKER_RAY_TENSORBOARD_ENABLED = _runtime(457, "INFO", "Ray worker writes TensorBoard files", "tensorboard")
LOG_WORKER_RAY_WANDB_ENABLED = _runtime(458, "INFO", "Ray worker logs to Weights & Biases", "wandb")
LOG_WORKER_RAY_HEARTBEAT = _runtime(459, "DEBUG", "Ray worker heartbeat", "heartbeat")
LOG_WORKER_RAY_ANALYTICS_MANIFEST_CREATED = _runtime(460, "INFO", "Ray analytics manifest created", "analytics")
