"""The experiments beside the runs, and their reports."""
