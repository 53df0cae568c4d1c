"""Experiments: planned as data, executed, compared with an interval, reported."""
