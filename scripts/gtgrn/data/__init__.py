"""From files to expression, regulators and known edges."""
