"""The configuration and the cards of data sets: read and checked at every start, nothing heavy."""
