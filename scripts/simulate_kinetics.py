"""Simulate measurements of a gene network, and write its edges as the reference."""

import json
import logging

import anndata as ad
from gtgrn.data.store import write_expression
from gtgrn.files import write_text
from gtgrn.jobs import start_job
from gtgrn.simulation.experiments import run_experiment
from gtgrn.simulation.kinetics import draw_kinetics
from gtgrn.simulation.subnetworks import (
    describe_network,
    extract_subnetwork,
    generate_network,
    read_network_table,
)
from gtgrn.tables import write_table

start_job(snakemake)
settings = snakemake.params.kinetics
seed = settings["seed"]
if "network" in settings:
    source = read_network_table(snakemake.input.network)
else:
    made = settings["generate"]
    source = generate_network(
        made["genes"], made["regulators"], mean_inputs=made["mean_inputs"], seed=seed
    )
size = settings["size"]
network = source if size is None else extract_subnetwork(source, size, seed=seed)
kinetics = draw_kinetics(network, seed=seed)
result = run_experiment(
    kinetics,
    settings["experiment"],
    conditions=settings["conditions"],
    stochastic=settings["stochastic"],
    microarray_noise=settings["microarray_noise"],
    seed=seed,
    threads=snakemake.threads,
)
write_expression(
    ad.AnnData(result.expression.astype("float32"), obs=result.conditions),
    snakemake.output.expression,
)
write_table(kinetics.edges, snakemake.output.reference)
statistics = {"source": describe_network(source), "network": describe_network(network)}
write_text(json.dumps(statistics, indent=1) + "\n", snakemake.output.statistics)
for name, values in statistics.items():
    logging.info("%s: %s", name, ", ".join(f"{k} {v:.4g}" for k, v in values.items()))
