"""Experiments: what is planned as data, executed, and reported."""
