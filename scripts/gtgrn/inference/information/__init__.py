"""Mutual information and the networks made of it."""
