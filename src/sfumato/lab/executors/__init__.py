"""Executors, which train an experiment's or a sweep's trials: here, on a Ray cluster, or through a shared folder."""
