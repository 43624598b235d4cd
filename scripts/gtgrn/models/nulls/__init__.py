"""Predictors that never see expression."""
