"""All runs as cards, and their small pictures."""
