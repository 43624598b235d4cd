"""One vector per gene."""
