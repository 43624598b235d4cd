"""Tree ensembles: one regression per target."""
