"""The algorithms of MARLlib by paradigm, and its environments with what each needs."""

from __future__ import annotations

#: Paradigm to its algorithms, as in MARLlib's documentation.
PARADIGMS: dict[str, tuple[str, ...]] = {
    "independent": ("ippo", "ia2c", "itrpo", "iddpg", "iql"),
    "centralized": ("mappo", "maa2c", "matrpo", "happo", "hatrpo", "coma", "maddpg"),
    "value_decomposition": ("vdn", "qmix", "vda2c", "vdppo", "facmac"),
}
ALGORITHMS = tuple(name for names in PARADIGMS.values() for name in names)
#: Algorithms that MARLlib trains with one Q-network and shared rewards, and that take choices alone.
JOINT_Q = ("vdn", "qmix", "iql")
#: Algorithms that take continuous actions alone.
CONTINUOUS = ("iddpg", "maddpg", "facmac")
#: Environments of MARLlib 1.0.3, with the packages that they need besides MARLlib.
ENVIRONMENTS: dict[str, str] = {
    "mpe": "nothing more",
    "magent": "pettingzoo[magent]==1.12.0",
    "lbf": "lbforaging==1.0.15",
    "rware": "rware==1.0.1",
    "smac": "SMAC from its git repository, and StarCraft II",
    "mamujoco": "multiagent_mujoco from its git repository, MuJoCo 2.0 and mujoco-py==2.0.2.8",
    "football": "gfootball, which is compiled",
    "pommerman": "pommerman from its git repository, with MARLlib's patch",
    "hanabi": "cffi, and a library that is compiled from MARLlib's own sources",
    "metadrive": "metadrive-simulator",
    "mate": "mate from its git repository",
    "gobigger": "gobigger",
}
#: Environments of MARLlib's git repository that its last release does not have.
UNRELEASED = ("overcooked", "voltage", "aircombat", "hns", "sisl", "gymnasium_mpe", "gymnasium_mamujoco")
#: Scenarios of MPE, by MARLlib's names.
MPE = (
    "simple_adversary",
    "simple_crypto",
    "simple_push",
    "simple_reference",
    "simple_speaker_listener",
    "simple_spread",
    "simple_tag",
    "simple_world_comm",
)


def paradigm_of(algorithm: str) -> str:
    """Return the paradigm of an algorithm.

    Raises:
        KeyError: There is no such algorithm.
    """
    for paradigm, names in PARADIGMS.items():
        if algorithm in names:
            return paradigm
    raise KeyError(algorithm)
