"""Experiments next to the runs, and their reports."""
