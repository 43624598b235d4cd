"""Restrict a reference to the genes that passed the filters."""

from gtgrn.data.preprocessing import DROPPED
from gtgrn.data.reference import read_reference
from gtgrn.data.store import read_preprocessed
from gtgrn.jobs import start_job
from gtgrn.tables import write_table

start_job(snakemake)
adata = read_preprocessed(snakemake.input.expression)
section = snakemake.params.card.get("reference")
if section is None:
    names = {"regulator": "regulator", "target": "target", "sign": "sign"}
    section = {"path": snakemake.input.reference, **names}
reference = read_reference(
    section, adata.var_names, cells=adata.obs_names, dropped=adata.uns[DROPPED]
)
write_table(reference, snakemake.output[0])
