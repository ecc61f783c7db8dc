"""Populations on a cluster: workers of Ray draw and measure, and the run stays here."""
