"""The script: prints a line of text for each episode, as scripts do."""

import argparse
import random
import time

parser = argparse.ArgumentParser()
parser.add_argument("--env")
parser.add_argument("--seed", type=int)
parser.add_argument("--episodes", type=int)
options = parser.parse_args()
if options.env != "CartPole-v1":
    raise SystemExit(f"no such environment: {options.env}")
generator = random.Random(options.seed)
print("Using cpu device", flush=True)
for episode in range(options.episodes):
    time.sleep(0.002)
    print(f"episode={episode} length={20 + episode % 7} return={generator.random():.3f}", flush=True)
