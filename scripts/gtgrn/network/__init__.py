"""The final network and what a biologist reads from it."""
