"""Compiled building blocks of the engines: matrix products and loops over vectors, memory, Numba and its cache.

Libraries are slower here: MKL, which PyTorch uses, leaves half of the registers of AMD's processors unused (113 of the
265 GFLOP/s that a core of Zen 5 reaches here), and a call from Python takes longer than a small layer's product.
"""
