"""Sections of the report: one module per section, found on disk."""
