"""Exact stochastic gradient descent, one sample at a time: float32, CPU, compiled by Numba."""
