"""Simulated expression whose regulators are known."""
