"""Cut models' networks to edges; characterise them and fit their degrees (Table 5, Fig. 6)."""

from gtgrn.data.matrix import read_genes
from gtgrn.evaluation.reconstruction import draw_universe
from gtgrn.jobs import start_job
from gtgrn.names import AUPRC, PAIR, SCORE
from gtgrn.splits.universe import rankable
from gtgrn.studies.characteristics import (
    cut_networks,
    describe_regenerated,
    mean_areas,
    mean_over_seeds,
)
from gtgrn.studies.paper_tables import best_nulls, read_paper_numbers
from gtgrn.studies.peers import measure
from gtgrn.studies.power_law import compare_degrees
from gtgrn.tables import read_measures, read_table, write_table

start_job(snakemake)
params, found = snakemake.params, snakemake.input
genes, regulators = read_genes(found.genes)
reference = rankable(read_table(found.reference, PAIR), regulators, what="reference")
pairs = draw_universe(reference, genes, params.universe)
files, runs = iter(found.models), []
for seed in params.seeds:
    runs += [(*m, "", seed, read_table(next(files), [*PAIR, SCORE])) for m in params.models]
measured = read_measures(found.measured)
best = best_nulls(measured[measured["pairs"] == "test"], ["metric"])
chosen = best.loc[best["metric"] == AUPRC, "best_null"].tolist()
names = [null for _ in params.seeds for null in params.nulls]
nulls = {null: [] for null in chosen}
for name, path in zip(names, found.nulls, strict=True):
    if name in nulls:
        nulls[name].append(read_table(path, [*PAIR, SCORE]))
weights = {}
for model, variant in params.models:
    own = [table for m, v, _, _, table in runs if (m, v) == (model, variant)]
    weights[f"{model}/{variant}"] = mean_over_seeds(pairs, own)
ranks = {name: mean_over_seeds(pairs, tables, ranks=True) for name, tables in nulls.items()}
cut = cut_networks(weights, ranks, pairs, reference, params.threshold)
table = describe_regenerated(
    cut, mean_areas(measure(runs), measured, chosen), dict.fromkeys(weights, "model"),
    read_paper_numbers(found.numbers),
)  # fmt: skip
write_table(table.assign(dataset=snakemake.wildcards.dataset), snakemake.output.table)
degrees, fits = compare_degrees(cut, samples=params.samples, seed=params.seeds[0])
write_table(degrees, snakemake.output.degrees)
write_table(fits, snakemake.output.fits)
