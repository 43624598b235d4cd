"""What differs between two conditions: edges, regulators, regulons, each against a null."""
