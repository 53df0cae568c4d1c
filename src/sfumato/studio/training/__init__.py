"""Processes that train, and races among them."""
