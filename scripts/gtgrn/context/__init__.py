"""What other contexts say: tables of other cells, of motifs and of the literature."""
