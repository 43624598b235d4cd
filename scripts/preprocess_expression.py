"""Read a data set's expression by its card, check it, filter and normalise it."""

import pandas as pd
from gtgrn.data.cell_types import label_cells, marker_types, read_markers
from gtgrn.data.matrix import write_matrix
from gtgrn.data.preprocessing import preprocess, read_expression
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.data.store import write_expression
from gtgrn.jobs import start_job
from gtgrn.names import PAIR

start_job(snakemake)
card = snakemake.params.card
source = card["expression"]
if source["format"] == "simulation":
    source = {"format": "h5ad", "path": snakemake.input.simulation, "values": "continuous"}
    card = {**card, "reference": {"path": snakemake.input.reference}}
adata = read_expression(source, snakemake.params.columns)
# What the card leaves to detection is decided now.
values = adata.uns["gtgrn"]["source"]["values"]
settings = dict(snakemake.params.preprocess)
kept, kinds = settings.pop("keep", []), settings.get("also", [])
known = None
if "reference" in card and ("regulators" not in card or "reference" in kinds):
    names = {"regulator": "regulator", "target": "target"}
    known = read_reference({**names, **card["reference"]}, adata.var_names, dropped=())
regulators = None
if "regulators" in card:
    # Without a path the card's list is 'all': every gene is a candidate, as None says below.
    if "path" in card["regulators"]:
        regulators = read_regulators(card["regulators"], adata.var_names, cells=adata.obs_names)
elif known is not None:
    regulators = sorted(known["regulator"].unique())
keep = set(regulators or []) if "regulators" in kept else set()
markers = set(marker_types(card, adata.var_names)) if "markers" in [*kept, *kinds] else set()
if "markers" in kept:
    keep |= markers
beside = set(markers) if "markers" in kinds else set()
if "reference" in kinds and known is not None:
    beside |= set(known[PAIR].to_numpy().ravel())
measured = adata
adata = preprocess(
    adata,
    values=values,
    regulators=regulators,
    total_counts=source.get("total_counts"),
    seed=snakemake.params.seed,
    keep=keep,
    beside=beside,
    **settings,
)
if "markers" in source:
    # From all genes that were measured: a filter or an imputation would change the markers.
    types = label_cells(
        measured[adata.obs_names],
        read_markers(source["markers"]),
        values=values,
        total_counts=source.get("total_counts"),
        seed=snakemake.params.seed,
        file=source["markers"],
    )
    adata.obs[list(types)] = types
write_matrix(
    adata.X,
    pd.DataFrame({"gene": adata.var_names, "is_regulator": adata.var["is_regulator"].to_numpy()}),
    snakemake.output.matrix,
    snakemake.output.genes,
)
write_expression(adata, snakemake.output.expression)
