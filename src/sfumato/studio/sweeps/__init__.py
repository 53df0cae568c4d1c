"""Sweeps next to the runs: what they have tried so far, read from their folders without Optuna."""
