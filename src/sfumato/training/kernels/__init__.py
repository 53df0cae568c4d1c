"""Compiled building blocks of the engines: products of matrices and transposition, in the widest registers there are.

Why not a library's: MKL, which PyTorch brings, leaves half of the registers of AMD's processors unused (113 of the 265
GFLOP/s that a core of Zen 5 reaches here), and every call from Python costs more than a small layer's product.
"""
