"""GT-GRN: the science behind the workflow's rules. Import its modules; this file imports none."""
