"""Which pairs train, validate and test, and what a model may see of them."""
