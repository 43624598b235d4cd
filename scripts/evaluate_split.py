"""Judge every network, null and model on one split."""

from pathlib import Path

from gtgrn.consensus import align_weights
from gtgrn.edges import read_network, read_table, write_table
from gtgrn.evaluation import align_scores, evaluate_methods
from gtgrn.logs import configure_logging
from gtgrn.splits import read_split

configure_logging(snakemake.log[0])
split = read_split(snakemake.input.split)
networks = {Path(path).name.removesuffix(".tsv.gz"): path for path in snakemake.input.networks}
scores = {
    (name, "network"): align_weights(split, read_network(path)) for name, path in networks.items()
}
for names, files in (
    ([(null, "null_model") for null in snakemake.params.nulls], snakemake.input.nulls),
    ([tuple(names) for names in snakemake.params.models], snakemake.input.models),
):
    for name, path in zip(names, files, strict=True):
        scores[name] = align_scores(split, read_table(path, ["score"]), path)
metrics, curves = evaluate_methods(split, scores)
names = {key: snakemake.wildcards[key] for key in ("dataset", "split", "seed")}
write_table(metrics.assign(**names), snakemake.output.metrics)
write_table(curves.assign(**names), snakemake.output.curves)
