"""The inspector: layers, units, and tiles at any magnification, from a process that has loaded PyTorch."""
