"""The settings, kept in a plain object."""


class Settings:
    def __init__(self, run_id, seed=None, arms=4, total_timesteps=5000, epsilon=0.1):
        if not run_id:
            raise ValueError("run_id is required")
        if arms < 2 or total_timesteps < 1 or not 0 <= epsilon <= 1:
            raise ValueError("arms, total_timesteps or epsilon makes no sense")
        self.run_id, self.seed = run_id, seed
        self.arms, self.total_timesteps, self.epsilon = arms, total_timesteps, epsilon

    @classmethod
    def from_dict(cls, values):
        return cls(**values)

    def to_dict(self):
        return {name: getattr(self, name) for name in ("run_id", "seed", "arms", "total_timesteps", "epsilon")}
