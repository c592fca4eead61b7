"""Everything else."""

import argparse
import datetime
import json
import os
import random
import signal
import sys
import threading

from .config import Settings


class Stopped(Exception):  # noqa: N818 - it is how a run ends, no error
    pass


def say(kind, key="event", **values):
    moment = datetime.datetime.now(datetime.timezone.utc).isoformat()
    print(json.dumps({key: kind, "timestamp": moment, **values}), flush=True)


def stop(_number, _frame):
    raise Stopped


def beat(ended, run_id):
    while not ended.wait(1):
        say("heartbeat", run_id=run_id, worker_id=os.environ.get("WORKER_ID"), payload={})


def train(settings, ids):
    generator = random.Random(settings.seed)
    means = [generator.gauss(0, 1) for _ in range(settings.arms)]
    values, pulls, total = [0.0] * settings.arms, [0] * settings.arms, 0.0
    for step in range(settings.total_timesteps):
        greedy = max(range(settings.arms), key=values.__getitem__)
        arm = generator.randrange(settings.arms) if generator.random() < settings.epsilon else greedy
        reward = generator.gauss(means[arm], 1)
        pulls[arm] += 1
        values[arm] += (reward - values[arm]) / pulls[arm]
        total += reward
        say("step", "type", step_index=step, episode=step // 100, reward=reward, action=arm, **ids)
        if step % 100 == 99:
            say("episode", "type", episode=step // 100, total_reward=total, length=100, **ids)
            total = 0.0


def main():
    parser = argparse.ArgumentParser(description="Plays a bandit.")
    parser.add_argument("--config", required=True, type=argparse.FileType())
    arguments = parser.parse_args()
    settings = Settings.from_dict(json.load(arguments.config))
    ids = {"run_id": settings.run_id, "worker_id": os.environ.get("WORKER_ID")}
    signal.signal(signal.SIGTERM, stop)
    say("run_started", payload={"arms": settings.arms}, **ids)
    ended = threading.Event()
    thread = threading.Thread(target=beat, args=(ended, settings.run_id), daemon=True)
    thread.start()
    try:
        train(settings, ids)
        last, code = "run_completed", 0
    except Stopped:
        last, code = "run_cancelled", 143
    ended.set()
    thread.join()
    say(last, payload={}, **ids)
    return code


if __name__ == "__main__":
    sys.exit(main())
