"""Simulate a data set from a Boolean model, and write the model's edges as its reference."""

import anndata as ad
from gtgrn.data.store import write_expression
from gtgrn.jobs import start_job
from gtgrn.seeds import derive_seed
from gtgrn.simulation.boolean import add_dropout, simulate
from gtgrn.simulation.boolean_models import read_model, reference_edges
from gtgrn.tables import write_table

start_job(snakemake)
settings = snakemake.params.simulation
model = read_model(snakemake.input.model)
result = simulate(
    model,
    n_cells=settings["cells"],
    t_max=settings["t_max"],
    seed=settings["seed"],
    threads=snakemake.threads,
)
share = settings["dropout"] / 100
expression = add_dropout(
    result.expression,
    quantile=share,
    probability=share,
    seed=derive_seed(settings["seed"], "dropout"),
)
adata = ad.AnnData(expression.astype("float32"), obs=result.pseudotime.to_frame())
write_expression(adata, snakemake.output.expression)
write_table(reference_edges(model), snakemake.output.reference)
