"""Judge every network, null and model on one split, and say which differences are sure."""

from pathlib import Path

from gtgrn.config.settings import parse_scheme
from gtgrn.data.matrix import read_genes
from gtgrn.evaluation.claims import compare_with_best, permutation_p
from gtgrn.evaluation.methods import align_scores, evaluate_methods, matched_wins
from gtgrn.inference.consensus import align_weights
from gtgrn.jobs import start_job
from gtgrn.names import PART, REGULATOR, TEST, UNSEEN_REGULATORS
from gtgrn.splits.negatives import read_negatives
from gtgrn.splits.tables import check_split, read_split
from gtgrn.splits.universe import rankable
from gtgrn.tables import read_network, read_table, write_table

start_job(snakemake)
params, output, seed = snakemake.params, snakemake.output, int(snakemake.wildcards.seed)
whole, regulators = read_split(snakemake.input.split), read_genes(snakemake.input.genes)[1]
split = rankable(whole, regulators, what="split")
negatives = read_negatives(snakemake.input.negatives)
if len(split) < len(whole):
    check_split(split, remedy="Add the regulators of the reference to the card's list")
    negatives = {n: t[t[REGULATOR].isin(regulators)] for n, t in negatives.items()}
networks = {Path(path).name.removesuffix(".tsv.gz"): path for path in snakemake.input.networks}
scores = {
    (name, "network"): align_weights(split, read_network(path)) for name, path in networks.items()
}
nulls = [(null, "null_model") for null in params.nulls]
models = [tuple(names) for names in params.models]
for names, files in ((nulls, snakemake.input.nulls), (models, snakemake.input.models)):
    for name, path in zip(names, files, strict=True):
        scores[name] = align_scores(split, read_table(path, ["score"]), path)
calibrated = parse_scheme(snakemake.wildcards.split)[0] not in UNSEEN_REGULATORS
metrics, curves = evaluate_methods(split, scores, negatives, calibrated=calibrated)
test = (split[PART] == TEST).to_numpy()
part, judged = split[test], {name: values[test] for name, values in scores.items()}
comparisons = compare_with_best(
    part,
    judged,
    {
        "best null": [*nulls, *(model for model in models if model[1] in params.controls)],
        "best network": [(name, "network") for name in networks],
        "best peer": [model for model in models if model[0] != params.main],
        **{kind: [tuple(one) for one in own] for kind, own in params.beside.items()},
    },
    seed=seed,
    samples=params.options["bootstrap"],
    scheme=snakemake.wildcards.split,
    wins=matched_wins(split, scores, negatives),
)
chance = permutation_p(part, judged, seed=seed, permutations=params.options["permutations"])
names = {key: snakemake.wildcards[key] for key in ("dataset", "split", "seed")}
for table, path in (
    (metrics, output.metrics),
    (curves, output.curves),
    (comparisons, output.comparisons),
    (chance, output.permutations),
):
    write_table(table.assign(**names), path)
