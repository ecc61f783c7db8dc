"""Populations of genomes: selection, variation, niches."""
