"""Networks looked into: layers, units, and tiles at any magnification, by a process that has PyTorch."""
