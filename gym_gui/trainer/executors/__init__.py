"""Where runs' supervisors are started: one small module per place, behind the contract in ``base``."""
