"""The worker's former name: ``spade_bdi_rl.worker`` is ``spade_bdi_worker``."""
