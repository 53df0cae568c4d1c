"""Trials through a folder that machines share: an executor that writes them, and workers that claim and train them."""
