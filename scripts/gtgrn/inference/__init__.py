"""Networks from expression alone."""
