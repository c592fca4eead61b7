"""Tables of a run's ``telemetry.db``, and their insert statements."""

from __future__ import annotations

from pathlib import Path

from gym_gui.telemetry.errors import OldSchema, TelemetryError

#: Increased with every change of the tables; the tests have a dump of each version.
SCHEMA_VERSION = 1

#: `id` is always a row id (see `rowid.py`): worker, attempt and byte offset. `agent` and `name` are ids of `names`
#: (agent 0: none). SQLite has no NaN, so `nan` = 1 marks the number of the row (reward, total_reward) as NaN;
#: infinities are stored as they are. JSON columns have the text as printed, `extra` every key without a column.
TABLES = """
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value
) WITHOUT ROWID;

CREATE TABLE names (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

CREATE TABLE steps (
  id INTEGER PRIMARY KEY,
  step_index INTEGER NOT NULL,
  ep_index INTEGER,
  agent INTEGER NOT NULL,
  reward REAL,
  terminated INTEGER,
  truncated INTEGER,
  action TEXT,
  observation TEXT,
  timestamp REAL,
  nan INTEGER,
  extra TEXT
);

CREATE TABLE episodes (
  id INTEGER PRIMARY KEY,
  phase INTEGER NOT NULL,  -- 0 train, 1 eval
  ep_index INTEGER NOT NULL,
  agent INTEGER NOT NULL,
  total_reward REAL,
  steps INTEGER,
  terminated INTEGER,
  truncated INTEGER,
  success INTEGER,
  agent_rewards TEXT,
  timestamp REAL,
  nan INTEGER,
  extra TEXT
);
CREATE UNIQUE INDEX episodes_key ON episodes (id >> 44, phase, ep_index, agent);

-- One row per value; one curve is one range of the key. A NULL value is NaN.
CREATE TABLE metrics (
  name INTEGER NOT NULL,
  id INTEGER NOT NULL,
  step INTEGER,
  value REAL,
  timestamp REAL,
  PRIMARY KEY (name, id)
) WITHOUT ROWID;

CREATE TABLE metric_extras (
  id INTEGER PRIMARY KEY,
  extra TEXT NOT NULL
);

-- Lifecycle events of workers; worker 0: what the supervisor recorded.
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  event TEXT NOT NULL,
  timestamp REAL,
  payload TEXT,
  extra TEXT
);

CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY,
  length INTEGER NOT NULL,  -- bytes in the log
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  excerpt BLOB NOT NULL
);

-- When rows came in: all up to `id` of an attempt, and above the row before it, by `received_at`.
CREATE TABLE batches (
  id INTEGER PRIMARY KEY,
  received_at REAL NOT NULL
);

-- How far each log has been read. `off` is logical: `base` is where the present file begins.
CREATE TABLE cursors (
  worker_no INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  worker_id TEXT NOT NULL,
  path TEXT NOT NULL,      -- relative to the run's folder
  epoch INTEGER NOT NULL,  -- of the writer that may move it
  off INTEGER NOT NULL,
  base INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  tail BLOB NOT NULL,      -- hash of the 64 bytes before `off`
  overlong INTEGER,        -- where the over-long line began that `off` is inside of
  closed INTEGER NOT NULL,
  PRIMARY KEY (worker_no, attempt)
) WITHOUT ROWID;

-- Logs that were truncated or replaced: what had been read of them by then.
CREATE TABLE segments (
  worker_no INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  base INTEGER NOT NULL,
  end INTEGER NOT NULL,
  reason TEXT NOT NULL,
  rollup BLOB NOT NULL,
  PRIMARY KEY (worker_no, attempt, base)
) WITHOUT ROWID;

CREATE TABLE rollups (
  worker_no INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  log INTEGER NOT NULL,
  quarantined INTEGER NOT NULL,
  records INTEGER NOT NULL,
  dropped INTEGER NOT NULL,
  sampled INTEGER NOT NULL,
  episodes INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  last_event TEXT NOT NULL,
  state BLOB NOT NULL,  -- the rest, MessagePack
  curve BLOB NOT NULL,  -- the learning curve and the last returns, MessagePack
  PRIMARY KEY (worker_no, attempt)
) WITHOUT ROWID;
"""

INSERTS = {
    "steps": "INSERT INTO steps VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
    "episodes": "INSERT INTO episodes VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
    "metrics": "INSERT INTO metrics VALUES (?,?,?,?,?)",
    "metric_extras": "INSERT INTO metric_extras VALUES (?,?)",
    "events": "INSERT INTO events VALUES (?,?,?,?,?)",
    "quarantine": "INSERT INTO quarantine VALUES (?,?,?,?,?)",
}

#: Index of the column with the row id.
ID_COLUMN = {"steps": 0, "episodes": 0, "metrics": 1, "metric_extras": 0, "events": 0, "quarantine": 0}


def check_schema(version: object, database: Path) -> None:
    """Make sure that a database has the present schema.

    Args:
        version: The schema version that it records.
        database: Its path, in its run's folder.

    Raises:
        OldSchema: An earlier version of MOSAIC wrote it.
        TelemetryError: A later version wrote it.
    """
    if version == SCHEMA_VERSION:
        return
    run_id = database.parent.name
    what = f"the telemetry database of run {run_id} has schema {version}; this version of MOSAIC reads {SCHEMA_VERSION}"
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise TelemetryError(
            what,
            where=str(database),
            why="a newer version of MOSAIC wrote it",
            next_step="upgrade: pip install --upgrade mosaic-rl; or move the file away and rebuild it from the logs:"
            f" mosaic runs reindex {run_id}",
        )
    raise OldSchema(
        what,
        where=str(database),
        why="an earlier version of MOSAIC wrote it",
        next_step=f"rebuild it from the logs: mosaic runs reindex {run_id}",
    )
