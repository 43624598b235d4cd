"""Rank the final network, by GT-GRN where a reference allowed to train it."""

import json
import logging

import networkx as nx
import pandas as pd
from gtgrn.data.store import read_preprocessed
from gtgrn.files import atomic_path, write_text
from gtgrn.inference.consensus import describe_silence
from gtgrn.jobs import start_job
from gtgrn.manifest import verified
from gtgrn.names import PAIR
from gtgrn.network import ranking as nw
from gtgrn.network.signs import add_signs
from gtgrn.tables import read_network, read_table, write_table

start_job(snakemake)
options = snakemake.params.options
files = zip(snakemake.params.methods, snakemake.input.networks, strict=True)
networks = {method: read_network(path) for method, path in files}
adata = read_preprocessed(snakemake.input.expression)
regulators = list(adata.var_names[adata.var["is_regulator"]])
support = {"support_fraction": options["support_fraction"]}
supervised = "scores" in dict(snakemake.input.items())
context, said = None, []
if "context_summary" in dict(snakemake.input.items()):
    context = json.loads(verified(snakemake.input.context_summary).read_text())
    if context["unavailable"]:
        said.append(nw.UNAVAILABLE.format(" and ".join(context["unavailable"])))
    if not context["ranked_regulators"]:
        said.append(nw.UNNAMED)
        context = None
    for sentence in said:
        logging.warning("%s", sentence)
if supervised:
    paths = zip(snakemake.params.seeds, snakemake.input.scores, strict=True)
    runs = {seed: read_table(path, ["part", "label", "score"]) for seed, path in paths}
    reference = read_table(snakemake.input.reference)
    network, reliability = nw.supervised_network(
        runs, networks, reference, split=snakemake.params.split, **support
    )
else:
    consensus = read_network(snakemake.input.consensus)
    reliability = pd.DataFrame(columns=["seed"])
    if context is None:
        network = nw.consensus_network(consensus, networks, **support)
    else:
        ranking = read_table(snakemake.input.context, [*PAIR, "score"])
        network = nw.context_network(ranking, consensus, networks, **support)
said += describe_silence(network, networks, snakemake.wildcards.dataset)
trained = {"split": snakemake.params.split, "seeds": list(snakemake.params.seeds)}
summary = nw.summarise(
    network,
    adata,
    regulators,
    trained=trained if supervised else None,
    context=context,
    said=said,
)
# A group of cells has its own correlations, and the signs of the whole's reference.
known = read_table(snakemake.input.signs) if "signs" in snakemake.input.keys() else None  # noqa: SIM118
network, summary["signs"] = add_signs(network, adata.to_df(), reference if supervised else known)
with atomic_path(snakemake.output.graph) as temporary:
    nx.write_graphml(nw.to_graph(network, regulators, options["graph_edges"]), temporary)
write_table(reliability, snakemake.output.reliability)
write_text(json.dumps(summary, indent=1), snakemake.output.summary)
write_table(network, snakemake.output.network)
