"""Experiments: a plan as data, its execution, comparisons with confidence intervals, and reports."""
