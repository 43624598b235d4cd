"""Rank the pairs of a data set by what other contexts say, without any label of its own."""

import json
import logging
import sys

from gtgrn.context.ranking import describe_missing, describe_ranking, rank_pairs
from gtgrn.context.selection import select_sources
from gtgrn.context.transfer import fit_transfer
from gtgrn.data.matrix import read_genes
from gtgrn.files import write_text
from gtgrn.jobs import start_job
from gtgrn.names import PAIR
from gtgrn.tables import read_table, write_table

start_job(snakemake)
cards, inputs = snakemake.params.cards, dict(snakemake.input.items())
genes, regulators = read_genes(inputs["genes"])
files = zip(cards, snakemake.input.sources, strict=True)
tables = {name: read_table(path, PAIR) for name, path in files}
missing = [name for name, table in tables.items() if table.empty]
if missing:
    line = describe_missing(missing, snakemake.wildcards.dataset)
    logging.warning("%s", line)
    print(f"WARNING: {line}", file=sys.__stderr__)
sources, dropped = select_sources(
    {name: table for name, table in tables.items() if not table.empty},
    cards,
    genes,
    **snakemake.params.dataset,
    reference=read_table(inputs["reference"], PAIR) if "reference" in inputs else None,
)
model = fit_transfer(sources, genes)
table = rank_pairs(model, sources, regulators, genes)
licences = {name: card["licence"] for name, card in cards.items()}
summary = describe_ranking(table, model, sources, licences) | {
    "unavailable": missing,
    "dropped": dropped[["source", "regulator", "reason"]].to_dict("records"),
}
write_text(json.dumps(summary, indent=1), snakemake.output.summary)
write_table(dropped, snakemake.output.dropped)
write_table(table, snakemake.output.ranking)
