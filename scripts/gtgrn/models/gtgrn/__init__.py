"""GT-GRN in its two forms."""
