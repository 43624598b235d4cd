"""Supervised models."""
