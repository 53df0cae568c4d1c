"""Sweeps: searches of a space of recipes by Optuna, which may be interrupted and continued."""
