"""Published experiments in plain PyTorch, written from the equations of their papers, and compared with the presets."""
