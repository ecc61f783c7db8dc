"""Datasets, and batches of real works."""
