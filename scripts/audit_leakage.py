"""Read what the jobs wrote and count what a model could have known; fail on a finding."""

import json
import logging
from pathlib import Path

import pandas as pd
from gtgrn.context.inputs import read_inputs
from gtgrn.context.selection import select_sources
from gtgrn.data.matrix import read_genes
from gtgrn.embeddings.positional import laplacian_encodings
from gtgrn.embeddings.tables import read_embedding, read_embedding_edges
from gtgrn.errors import InputError
from gtgrn.evaluation import audit
from gtgrn.evaluation.source_audit import audit_sources
from gtgrn.jobs import start_job
from gtgrn.manifest import lineage, verified, verified_digest
from gtgrn.names import PAIR
from gtgrn.reads import as_noted
from gtgrn.splits.exposure import COLUMNS, EXAMPLE
from gtgrn.splits.leakage import message_edges
from gtgrn.splits.negatives import read_negatives
from gtgrn.splits.tables import read_split
from gtgrn.tables import read_network, read_table, write_table

start_job(snakemake)
given, params = snakemake.input, snakemake.params
genes, _ = read_genes(given.genes)
reference = read_table(given.reference, PAIR)
sha256 = verified_digest(given.matrix)
expression = [given.matrix, given.genes, Path(given.matrix).with_name("expression.h5ad")]
labels = [as_noted(path) for path in params.labels]
folder = str(Path(as_noted(given.genes)).parent)


def origin_of(path):
    """Return what an artefact was made of besides expression."""
    return audit.find_origin(lineage(path, expression), folder, labels)


networks = []
for path in given.get("networks", []):
    record = Path(path.replace(".tsv.gz", ".json"))
    made_of = json.loads(verified(record).read_text()) if record.exists() else None
    networks.append((read_network(path), made_of, origin_of(path)))
sourced = []
if given.get("sources"):
    cards, about = params.cards, params.dataset
    files = zip(cards, given.sources, strict=True)
    pairs = {name: read_table(path, PAIR) for name, path in files}
    sources, dropped = select_sources(pairs, cards, genes, **about, reference=reference)
    made_of = {name: card["databases"] for name, card in cards.items()}
    sourced = audit_sources(sources, dropped, reference, genes, **about, made_of=made_of)
elsewhere = [read_inputs(path) for path in given.get("elsewhere", [])]
tables = []
for i, seed in enumerate(params.seeds):
    split = read_split(given.splits[i])
    lines = audit.audit_split(split) + sourced
    lines += audit.audit_negatives(read_negatives(given.negatives[i]), reference, split)
    own = slice(i * len(params.models), (i + 1) * len(params.models))
    kinds = (given.messages, given.exposure, given.scores)
    files = zip(params.models, params.elsewhere, *(paths[own] for paths in kinds), strict=True)
    for (model, variant), context, messages, exposure, scores in files:
        name = f"{model}/{variant}"
        shown = (model, variant) in params.shown
        edges = read_table(messages, PAIR)
        lines += audit.audit_graph(edges, split, f"messages of {name}", shown=shown)
        record = read_table(exposure, COLUMNS).fillna({EXAMPLE: ""})
        lines += audit.audit_exposure(record, f"input of {name}", shown=shown)
        lines += audit.audit_scores(read_table(scores), split, f"scores of {name}")
        if context is not None:
            lines += audit.audit_context(
                elsewhere[context], record, split, f"other contexts of {name}",
                exchanged=(model, variant) in params.exchanged,
            )  # fmt: skip
    encodings = given.positional[i]
    edges = read_embedding_edges(encodings)
    lines += audit.audit_graph(edges, split, "graph of the positional encodings")
    again = laplacian_encodings(message_edges(split), genes, **params.positional)
    lines += audit.audit_encodings(read_embedding(encodings, genes), again)
    for network, made_of, origin in networks:
        lines += audit.audit_network(network, made_of, sha256, split, origin)
    for kind, paths in (("expression", given.get("expression")), ("global", given.get("walked"))):
        if paths:  # a data set of known edges alone has none
            values, origin = read_embedding(paths[i], genes), origin_of(paths[i])
            lines += audit.audit_embedding(values, genes, split, f"{kind} embedding", origin)
    tables.append(audit.to_table(lines, **dict(snakemake.wildcards.items()), seed=seed))
table = pd.concat(tables, ignore_index=True)
found = table[table["finding"]]
for line in found.itertuples():
    logging.error(
        "seed %s, %s: %s (%d) %s", line.seed, line.artefact, line.check, line.count, line.detail
    )
for line in table[table["detail"].str.contains("warning")].itertuples():
    logging.warning("seed %s, %s: %s", line.seed, line.artefact, line.detail)
if len(found):
    first = found.iloc[0]
    raise InputError(
        f"{len(found)} leaks found; the first: {first['artefact']}: {first['check']}",
        file=snakemake.log[0],
        field=f"seed {first['seed']}",
        remedy="Every finding is in that file. Remove the artefacts that it names and run again",
    )
write_table(table, snakemake.output[0])
