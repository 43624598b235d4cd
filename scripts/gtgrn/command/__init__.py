"""The command ``gtgrn``: a card from a file, runs, look-ups, exports, predictions.

Thin over the rest of the package: what a run writes is read here, and nothing is computed that a
rule of the workflow computes.
"""
