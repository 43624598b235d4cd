"""Supervised peers: one module per peer, found on disk."""
