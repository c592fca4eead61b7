"""The parts of the algorithms that can be checked against a hand calculation."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch

from cleanrl_worker.algorithms.c51 import project
from cleanrl_worker.algorithms.dqn import linear_schedule
from cleanrl_worker.algorithms.ppo_continuous_action import RewardScaler, RunningMeanStd
from cleanrl_worker.algorithms.sac import Agent as SACAgent
from cleanrl_worker.arguments import SACArgs
from cleanrl_worker.replay_buffer import ReplayBuffer
from cleanrl_worker.spaces import Spaces


def test_running_statistics_are_those_of_all_data() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(3, 2, (1000, 2))
    rms = RunningMeanStd(2)
    for chunk in np.array_split(data, 37):
        rms.update(torch.from_numpy(chunk))
    assert rms.mean.numpy() == pytest.approx(data.mean(axis=0), rel=1e-4)
    assert rms.var.numpy() == pytest.approx(data.var(axis=0), rel=1e-4)


def test_rewards_are_divided_by_the_deviation_of_the_discounted_return() -> None:
    rewards = np.random.default_rng(0).normal(1, 3, (200, 2))
    dones = np.stack([np.arange(200) % 17 == 16, np.arange(200) % 5 == 4], axis=1).astype(float)
    scaler = RewardScaler(2, gamma=0.9)
    returns, seen = np.zeros(2), []
    for reward, done in zip(rewards, dones, strict=True):
        scaled = scaler(torch.from_numpy(reward), torch.from_numpy(done))
        returns = returns * 0.9 + reward
        seen += returns.tolist()
        returns = returns * (1 - done)  # the return of one episode says nothing about the next
        if len(seen) > 4:
            assert scaled.numpy() == pytest.approx(np.clip(reward / np.std(seen), -10, 10), rel=1e-3)


def test_replay_buffer_overwrites_the_oldest_and_survives_a_checkpoint() -> None:
    def add(buffer: ReplayBuffer, value: float) -> None:
        row = np.full((1, 2), value)
        buffer.add(row, row + 1, np.array([1]), np.array([value]), np.array([False]))

    buffer = ReplayBuffer(4, 2)
    for value in range(6):
        add(buffer, value)
    assert sorted(buffer.rewards.tolist()) == [2, 3, 4, 5]
    same, smaller, larger = ReplayBuffer(4, 2), ReplayBuffer(2, 2), ReplayBuffer(8, 2)
    for other in (same, smaller, larger):
        other.load_state_dict(buffer.state_dict())
    assert same.rewards.tolist() == buffer.rewards.tolist()
    assert sorted(smaller.rewards.tolist()) == [4, 5]
    assert len(larger) == 4
    add(same, 6.0)
    add(larger, 6.0)
    assert sorted(same.rewards.tolist()) == [3, 4, 5, 6]
    assert larger.rewards[:5].tolist() == [2, 3, 4, 5, 6]
    sample = same.sample(100, np.random.default_rng(0))
    assert np.array_equal(sample[1], sample[0] + 1)


def test_exploration_falls_linearly_and_stays() -> None:
    assert [linear_schedule(1.0, 0.2, 10, t) for t in (0, 5, 10, 99)] == pytest.approx([1.0, 0.6, 0.2, 0.2])


def test_a_distribution_is_projected_by_sharing_each_mass_between_its_neighbours() -> None:
    atoms = torch.linspace(0.0, 4.0, 5)
    probs = torch.tensor([[0.1, 0.2, 0.3, 0.2, 0.2], [1.0, 0.0, 0.0, 0.0, 0.0]])
    same = project(atoms, probs, atoms.expand(2, -1))
    assert torch.allclose(same, probs)
    shifted = project(atoms, probs, atoms.expand(2, -1) + 0.25)
    assert shifted[0].tolist() == pytest.approx([0.075, 0.175, 0.275, 0.225, 0.25])  # what leaves stays at the end
    assert shifted[1].tolist() == pytest.approx([0.75, 0.25, 0.0, 0.0, 0.0])
    assert project(atoms, probs, torch.full((2, 5), 99.0))[:, -1].tolist() == pytest.approx([1.0, 1.0])


def test_the_projected_distribution_has_the_mean_of_the_shifted_one() -> None:
    torch.manual_seed(0)
    atoms, probs = torch.linspace(-10, 10, 51), torch.rand(8, 51).softmax(dim=1)
    target = 1.0 + 0.8 * atoms.expand(8, -1)
    assert torch.allclose((project(atoms, probs, target) * atoms).sum(1), (probs * target).sum(1), atol=1e-5)


def test_the_density_of_a_squashed_gaussian_integrates_to_one() -> None:
    torch.manual_seed(0)
    space = gym.spaces.Box(np.float32([-2.0]), np.float32([1.0]))
    agent = SACAgent(Spaces((3,), space), SACArgs(hidden_sizes=[8]))
    with torch.no_grad():
        agent.logstd.bias.fill_(0.5)  # wide enough for every action to come up
        actions, log_pi = agent.get_action(torch.ones(20_000, 3))
    assert bool((actions > -2).all())
    assert bool((actions < 1).all())
    # E[1 / p] over samples of p is the length of the interval that p covers.
    inside = (actions[:, 0] > -1.5) & (actions[:, 0] < 0.5)
    assert float((torch.exp(-log_pi) * inside).mean()) == pytest.approx(2.0, rel=0.05)
