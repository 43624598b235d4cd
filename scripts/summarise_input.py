"""Describe a data set in a few lines that a person can check."""

from gtgrn.data.store import read_preprocessed
from gtgrn.data.summary import summarise_input
from gtgrn.files import write_text
from gtgrn.jobs import start_job

start_job(snakemake)
card = snakemake.params.card
adata = read_preprocessed(snakemake.input.expression)
section = card.get("reference")
if section is None and "reference" in snakemake.input.keys():  # noqa: SIM118
    names = {"regulator": "regulator", "target": "target", "sign": "sign"}
    section = {"path": snakemake.input.reference, **names}
text, warnings = summarise_input(
    snakemake.wildcards.dataset, card, adata, section, snakemake.params.sources
)
write_text(text, snakemake.output.summary)
write_text("".join(f"{line}\n" for line in warnings), snakemake.output.warnings)
