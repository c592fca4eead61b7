"""What every face does: check a run config, submit it, follow it, read its logs, say its figures in words."""
