"""From what workers print to rows in a run's database, exactly once."""
