"""The gallery of all runs, and their thumbnails."""
