"""One command per target: ``python -m benchmarks.<name> [--tiny]``; ``python -m benchmarks`` runs all."""
