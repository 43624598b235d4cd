"""Restrict a reference to the genes that passed the filters."""

from gtgrn.edges import write_table
from gtgrn.expression import read_preprocessed
from gtgrn.logs import configure_logging
from gtgrn.reference import read_reference

configure_logging(snakemake.log[0])
adata = read_preprocessed(snakemake.input.expression)
section = snakemake.params.card.get("reference")
if section is None:
    names = {"regulator": "regulator", "target": "target", "sign": "sign"}
    section = {"path": snakemake.input.reference, **names}
reference = read_reference(section, adata.var_names, cells=adata.obs_names)
write_table(reference, snakemake.output[0])
