"""Expression-only network inference: one module a method, each with one ``infer``."""
