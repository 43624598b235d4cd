"""Expression-only methods: one module per method, found on disk."""
