"""Describe a data set in a few lines that a person can check."""

from gtgrn.expression import read_preprocessed
from gtgrn.files import write_text
from gtgrn.input_summary import summarise_input
from gtgrn.logs import configure_logging
from gtgrn.reference import read_reference

configure_logging(snakemake.log[0])
card = snakemake.params.card
adata = read_preprocessed(snakemake.input.expression)
section = card.get("reference")
if section is None and "reference" in snakemake.input.keys():  # noqa: SIM118
    names = {"regulator": "regulator", "target": "target", "sign": "sign"}
    section = {"path": snakemake.input.reference, **names}
reference = None
if section is not None:
    reference = read_reference(section, adata.var_names, cells=adata.obs_names)
name = snakemake.wildcards.dataset
write_text(summarise_input(name, card, adata, reference), snakemake.output[0])
