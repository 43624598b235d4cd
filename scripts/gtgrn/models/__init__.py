"""Supervised models: one module a model."""
