"""The names that tables of the workflow share: columns, parts, split schemes.

A network, a split and a table of scores is a table of pairs (regulator, target) with one more
column or several.
"""

from __future__ import annotations

REGULATOR = "regulator"
TARGET = "target"
PAIR = [REGULATOR, TARGET]
GENE = "gene"
SIGN = "sign"
WEIGHT = "weight"
LABEL = "label"
PART = "part"
SCORE = "score"
PROBABILITY = "probability"
RANK = "rank"
KNOWN = "known"
METHODS = "methods"
REPRESENTATION = "representation"
VARIANT = "variant"
COMMUNITY = "community"
CELL = "cell"
DONOR = "donor"
CELL_TYPE = "cell_type"
IS_REGULATOR = "is_regulator"

TRAIN, VAL, TEST = "train", "val", "test"
PARTS = [TRAIN, VAL, TEST]
UNLABELLED = "unlabelled"
"""Part of a pair whose regulator has no reference edge: scored, never judged."""

EDGES, GENES, TFS, BOTH, TRANSFER = "edges", "genes", "tfs", "both", "transfer"
"""Split schemes: what is held out, or another data set."""
UNSEEN_REGULATORS = (TFS, BOTH)
"""Schemes whose test part has other regulators than the validation part, so that what calibrates
on the one says nothing of the other."""

AUROC, AUPRC, AUPRC_RATIO, EPR = "AUROC", "AUPRC", "AUPRC_ratio", "EPR"
PRECISION_AT_POSITIVES = "precision_at_positives"
WITHIN_TF, WITHIN_GENE = "within_TF_AUROC", "within_gene_AUROC"
BRIER, ECE = "Brier", "ECE"
WIN_RATE = "win_rate"
"""Metrics, as the column `metric` of tables has them."""
POPULARITY_ELSEWHERE = "popularity_elsewhere"
RATE_AND_POPULARITY = "tf_rate_popularity_elsewhere"
SAME_REGULATOR = "same_regulator_elsewhere"
CONTEXT_NULLS = [POPULARITY_ELSEWHERE, RATE_AND_POPULARITY, SAME_REGULATOR]
EXPRESSION_NULL = "label_svd_expression"
CONTEXT_FEATURES_NULL = "label_svd_context"
"""Nulls that read more than train labels: sources of other contexts, expression, or both."""
AREAS = [AUROC, AUPRC]
HEADLINE = [AUROC, AUPRC, WITHIN_TF]
"""What a comparison of methods is summed up by."""
