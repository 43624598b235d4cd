"""Figures, comparisons and texts of the report."""
