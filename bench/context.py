"""What other contexts add to known edges, on BEELINE's sets: scores by slices, then the tables.

    python bench/context.py prepare --work W --mirror M [--sources S]
    python bench/context.py zero    --work W --mirror M
    python bench/context.py score   --work W --mirror M --data mDC-500 --split genes --seed 0
        --methods full full_no_context label_svd_expression
    python bench/context.py table   --work W --mirror M --split genes

`mirror` holds the folder beeline (expression, references, splits). `sources` holds tables
<name>.tsv.gz (regulator, target) with sources.tsv (name, organism, cell_type, kind), beside the
curated tables of the Python index; without it the sources are those of the index alone. Each call
of `score` writes one file a method and leaves alone what is there, so that a long measurement can
be made in many short ones.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.config.settings import parse_scheme
from gtgrn.config.source_cards import load_sources
from gtgrn.context.inputs import ContextInputs, make_inputs, read_inputs, write_inputs
from gtgrn.context.leaks import drop_repeats, refuse_own_cells
from gtgrn.context.nulls import score_context_nulls
from gtgrn.context.rows import CHIP, KINDS, SourceRows, place_source
from gtgrn.context.sources import place_tables, spell_names
from gtgrn.context.tables import GeneEffects, to_scores
from gtgrn.context.transfer import FEATURES, PairFeatures
from gtgrn.data.source_files import obtain_source, read_source
from gtgrn.evaluation.claims import UNIT, resample_wins
from gtgrn.evaluation.methods import matched_wins
from gtgrn.evaluation.metrics import auprc, auroc, mean_within_group_auroc
from gtgrn.evaluation.uncertainty import bootstrap
from gtgrn.models.gtgrn.full import fit
from gtgrn.models.gtgrn.gaussian_process import gene_kernel
from gtgrn.models.gtgrn.gene_features import gene_features, plain_features, profile_moments
from gtgrn.models.gtgrn.paper import choose_features
from gtgrn.models.nulls.predictors import label_svd_expression
from gtgrn.names import (
    AUPRC,
    AUROC,
    CONTEXT_NULLS,
    EDGES,
    GENES,
    LABEL,
    PAIR,
    PART,
    REGULATOR,
    TARGET,
    TEST,
    TFS,
    TRAIN,
    VAL,
    WITHIN_TF,
)  # fmt: skip
from gtgrn.splits.negatives import draw_negatives
from gtgrn.splits.schemes import thin_train
from gtgrn.splits.shipped import read_shipped_split, split_from_folds
from gtgrn.splits.universe import label_universe
from gtgrn.studies.reference_free import label_matrix, matched, within

SETS = {
    "hESC-500": ("human", "hESC"), "mDC-500": ("mouse", "mDC"), "mHSC-L-500": ("mouse", "mHSC-L"),
}  # fmt: skip
CUT = {
    "hESC-1000": ("human", "hESC"),
    "mESC-1000": ("mouse", "mESC"),
    "mHSC-L-500": ("mouse", "mHSC-L"),
}
"""References of the mirror that serve the other sets as sources: known on their genes alone."""
MIXED_WITH = {"hESC-500": ["ReMap", "PAZAR"]}
"""Sources of cells that are not told apart, among them perhaps the set's own."""
FEW = "few_"
"""Prefix of a split with that many labelled regulators."""
PIP = ["encode", "collectri", "dorothea", "trrust"]
LABELS = ["label_svd_expression", "label_svd_context"]
MODELS: dict[str, dict] = {
    "full": {},
    "full_no_context": {"context": []},
    "full_no_T": {"context": ["U", "stack", "prior"]},
    "full_no_U": {"context": ["T", "stack", "prior"]},
    "full_no_stack": {"context": ["T", "U", "prior"]},
    "full_no_prior": {"context": ["T", "U", "stack"]},
    "full_no_expression": {"features": []},
    "full_context_permuted": {"control": "permuted", "symbols": False},
    "full_exchanged": {"context_control": "exchanged"},
}
MODELS |= {f"process{k.removeprefix('full')}": {"ensemble": 0, **v} for k, v in MODELS.items()}
"""Variants of the form full; those called process have no networks."""
MODELS |= {f"process_{kind}_only": {"ensemble": 0, "kind": kind} for kind in KINDS}
MODELS |= {f"{name}_refit": {**MODELS[name], "refit_on_validation": True}
           for name in ("process", "process_no_context", "process_exchanged")}  # fmt: skip


def read_pairs(path: Path) -> pd.DataFrame:
    """Return the first two columns of a table as regulator and target."""
    table = pd.read_csv(path, sep="\t" if ".tsv" in path.name else ",", dtype=str)
    return table.iloc[:, :2].set_axis(PAIR, axis=1).dropna().drop_duplicates()


def read_tables(folder: Path | None) -> tuple[dict[str, pd.DataFrame], dict[str, dict]]:
    """Return tables and cards of the folder's sources and of those of the Python index."""
    cards = load_sources(PIP if folder is None else PIP[1:])
    paths = {n: obtain_source(c, name=n, mirror=None, offline=False) for n, c in cards.items()}
    tables = {n: read_source(cards[n], path) for n, path in paths.items()}
    if folder is None:
        return tables, cards
    listed = pd.read_csv(folder / "sources.tsv", sep="\t", keep_default_na=False)
    tables |= {name: read_pairs(folder / f"{name}.tsv.gz") for name in listed["name"]}
    cards |= {
        row.name: {
            "organism": row.organism,
            "kind": "curated" if row.kind == "mixed" else row.kind,
            "cell_type": row.cell_type.split(" (")[0] or None,
            "whole": True,
            "databases": [],
        }
        for row in listed.itertuples(index=False)
    }
    return tables, cards


def cut_references(mirror: Path, genes: list[str], organism: str) -> list[SourceRows]:
    """Return the mirror's references as sources: a gene that they were cut off is unknown."""
    placed = []
    for name, (species, cells) in CUT.items():
        pairs = read_pairs(mirror / "beeline" / name / "Specific" / "BL--network.csv")
        measured = pd.read_csv(mirror / "beeline" / name / "Specific" / "Target.csv")["Gene"]
        names = sorted({*pairs[REGULATOR], *pairs[TARGET], *measured})
        spelt = spell_names(names, genes, same_organism=species == organism)
        table = pairs.map(lambda gene, spelt=spelt: spelt.get(gene, gene))
        placed.append(
            place_source(
                table,
                genes,
                name=name,
                kind=CHIP,
                organism=species,
                cell_type=cells,
                whole=False,
                measured=[spelt.get(gene, gene) for gene in measured],
            )  # fmt: skip
        )
    return placed


def read_set(mirror: Path, data: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a set's expression (genes, cells) and its known edges among the genes."""
    folder = mirror / "beeline" / data
    expression = pd.read_csv(folder / "BL--ExpressionData.csv.gz", index_col=0)
    known = read_pairs(folder / "Specific" / "BL--network.csv")
    return expression, known[known.isin(set(expression.index)).all(axis=1)]


def read_split(mirror: Path, data: str, scheme: str, seed: int) -> pd.DataFrame:
    """Return a split by the files of the mirror; seeds of ``edges`` share one.

    ``genes_10`` and ``edges_10`` keep a tenth of the training pairs.
    """
    if not scheme.startswith(FEW) and "_" in scheme:
        scheme, share = parse_scheme(scheme)
        return thin_train(read_split(mirror, data, scheme, seed), share, seed=seed)
    folder = mirror / "beeline" / data
    expression, known = read_set(mirror, data)
    genes = list(expression.index)
    if scheme == EDGES:
        names = {"train": "Train", "val": "Validation", "test": "Test"}
        files = {part: folder / "splits" / f"{name}_set.csv.gz" for part, name in names.items()}
        return read_shipped_split(files | {"genes": folder / "Specific" / "Target.csv"}, genes)
    if scheme.startswith(FEW):
        return few_labelled(label_universe(known, genes), int(scheme.removeprefix(FEW)), seed)
    folds = pd.read_csv(folder / "splits" / f"folds_{scheme}.tsv", sep="\t", dtype={"gene": str})
    by = TARGET if scheme == GENES else REGULATOR
    return split_from_folds(known, genes, folds, seed, by=by)


def few_labelled(split: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Return a split with so many labelled regulators, two to validate and all others to test."""
    edges = split.groupby(REGULATOR)[LABEL].agg(["sum", "size"])
    # A regulator with a handful of targets teaches nothing and judges nothing.
    enough = edges.index[(edges["sum"] >= 10) & (edges["size"] - edges["sum"] >= 10)]
    order = np.random.default_rng(seed).permutation(np.sort(enough))
    part = dict.fromkeys(order[:count], TRAIN) | dict.fromkeys(order[count:][:2], VAL)
    kept = split[split[REGULATOR].isin(enough)].reset_index(drop=True)
    return kept.assign(**{PART: kept[REGULATOR].map(part).fillna(TEST)})


def zero(work: Path, mirror: Path) -> None:
    """Print how rankings without labels do within a regulator, and what else was tried."""
    for data in SETS:
        expression, known = read_set(mirror, data)
        genes, inputs = list(expression.index), read_inputs(work / data / "all.npz")
        sources = pickle.loads((work / data / "sources.pkl").read_bytes())
        labels = label_matrix(known, genes, inputs.regulators)
        judged = np.isfinite(within(labels, np.zeros_like(labels)))
        features = PairFeatures(sources, len(genes)).of(np.array(inputs.regulators))[judged]
        labels, ridge = labels[judged], inputs.prior[judged].astype(float)
        values = expression.to_numpy(float)
        moments = profile_moments(values)
        detected = to_scores(moments[:, 2])
        popular = to_scores(GeneEffects.of(sources, len(genes)).effect())
        kernel = gene_kernel(torch.tensor(gene_features(values, np.zeros(len(genes), bool))))
        smooth = to_scores(kernel.smooth(torch.tensor(popular[:, None]), 3.0).numpy()[:, 0])
        chip = [one for one in sources if one.kind == CHIP]
        evenly = sum(to_scores(GeneEffects.of([one], len(genes)).effect()) for one in chip)
        rankings = {
            "popularity elsewhere": features[:, :, FEATURES.index("popularity chip")],
            "popularity elsewhere, every source alike": np.tile(evenly, (len(labels), 1)),
            "same regulator elsewhere": features[:, :, FEATURES.index("same regulator chip")],
            "detection rate": np.tile(detected, (len(labels), 1)),
            "ridge": ridge,
            "ridge + popularity": ridge + features[:, :, 0],
            **{f"ridge + {w} detection rate": ridge + w * detected for w in (0.15, 0.3)},
            "ridge + 0.3 popularity smoothed by expression": ridge + 0.3 * smooth,
            "own in-degree, not a prediction": np.nansum(labels, 0) - np.nan_to_num(labels),
        }
        for name, scores in rankings.items():
            gain = within(labels, scores) - within(labels, rankings["popularity elsewhere"])
            draws = np.random.default_rng(0).integers(0, len(gain), (2000, len(gain)))
            low, high = np.quantile(gain[draws].mean(axis=1), [0.025, 0.975])
            print(
                f"{data}: {name}: within {within(labels, scores).mean():.4f}, N3m "
                f"{matched(labels, scores).mean():.4f}, less popularity elsewhere "
                f"{gain.mean():+.4f} [{low:+.4f}, {high:+.4f}]"
            )


def prepare(work: Path, mirror: Path, sources: Path | None) -> None:
    """Place the sources on each set, drop what must not be used, and write what models read."""
    tables, cards = read_tables(sources)
    for data, (organism, cells) in SETS.items():
        if (work / data / "sources.pkl").exists():
            continue
        expression, known = read_set(mirror, data)
        genes = list(expression.index)
        names = [name for name in tables if name not in MIXED_WITH.get(data, [])]
        placed = place_tables(
            {n: tables[n] for n in names}, {n: cards[n] for n in names}, genes,
            organism=organism, cell_type=cells,
        )  # fmt: skip
        placed += cut_references(mirror, genes, organism) if sources else []
        kept, own = refuse_own_cells(
            [one for one in placed if one.kind != "perturbation"], organism, cells
        )
        reference = place_source(
            known, genes, name="reference", kind=CHIP, whole=False, measured=genes
        )
        kept, repeats = drop_repeats(kept, [reference])
        kept = [one for one in kept if len(one.regulators)]
        (work / data).mkdir(parents=True, exist_ok=True)
        for one in own + repeats:
            print(f"{data}: {one.source} {one.regulator}: {one.reason} {one.phi:.2f}")
        write_inputs(
            make_inputs(kept, genes, sorted(set(known[REGULATOR]))), work / data / "all.npz"
        )
        (work / data / "sources.pkl").write_bytes(pickle.dumps(kept))


def score(work: Path, mirror: Path, data: str, scheme: str, seed: int, methods: list[str]) -> None:
    """Score all pairs of a split by each method that has no file yet."""
    folder = work / data / scheme / f"seed{seed}"
    methods = [name for name in methods if not (folder / f"{name}.npy").exists()]
    if not methods:
        return
    folder.mkdir(parents=True, exist_ok=True)
    split = read_split(mirror, data, scheme, seed)
    expression, _ = read_set(mirror, data)
    genes, inputs = list(expression.index), read_inputs(work / data / "all.npz")
    for name in methods:
        if name in CONTEXT_NULLS:
            sources = pickle.loads((work / data / "sources.pkl").read_bytes())
            found = score_context_nulls(split, sources, genes)
            for null in CONTEXT_NULLS:
                np.save(folder / f"{null}.npy", found[null])
            continue
        if name in LABELS:
            values = plain_features(expression.to_numpy())
            if name == LABELS[1]:
                values = np.column_stack([values, inputs.popularity, inputs.components])
            table = pd.DataFrame(values, index=genes)
            scores = label_svd_expression(split, table, seed=seed)
        else:
            options = dict(MODELS[name])
            kind = options.pop("kind", None)
            given = inputs_of(work, data, kind) if kind else inputs
            scores = fit_variant(split, expression, given, options, seed)
        np.save(folder / f"{name}.npy", scores)


def inputs_of(work: Path, data: str, kind: str) -> ContextInputs:
    """Return what models read of the sources of one kind, made from the prepared ones once."""
    path = work / data / f"{kind}.npz"
    if not path.exists():
        sources = pickle.loads((work / data / "sources.pkl").read_bytes())
        whole = read_inputs(work / data / "all.npz")
        chosen = [one for one in sources if one.kind == kind]
        write_inputs(make_inputs(chosen, whole.genes, whole.regulators), path)
    return read_inputs(path)


def fit_variant(split, expression, inputs, options: dict, seed: int) -> np.ndarray:
    """Train a variant of the form full and return its scores."""
    options = dict(options)
    read = {name: expression.to_numpy() for name in options.pop("features", ["X"])}
    features = choose_features(read, control=options.pop("control", "none"), seed=seed)
    torch.set_num_threads(1)
    fitted = fit(
        split,
        list(expression.index),
        features,
        seed=seed,
        elsewhere=inputs,
        device="cpu",
        **options,
    )
    print(
        {
            k: fitted.config[k]
            for k in ("stack_share", "prior_weight", "known_prior_weight")
            if k in fitted.config
        }
    )
    return fitted.scores


def measure(work: Path, mirror: Path, scheme: str, samples: int) -> pd.DataFrame:
    """Return mean, deviation and resamples of each method's measures over seeds, by set."""
    rows = []
    for data in SETS:
        _, known = read_set(mirror, data)
        folders = sorted((work / data / scheme).glob("seed*"))
        names = [{path.stem for path in folder.glob("*.npy")} for folder in folders]
        common = sorted(set.intersection(*names)) if names else []
        for folder in folders if common else []:
            seed = int(folder.name.removeprefix("seed"))
            split = read_split(mirror, data, scheme, seed)
            scores = {name: np.load(folder / f"{name}.npy") for name in common}
            rows += [
                (data, seed, *row)
                for row in one_split(split, known, scores, scheme, seed, samples)
            ]
    columns = ["data", "seed", "method", "metric", "value", "draws"]
    return pd.DataFrame(rows, columns=columns)


def one_split(split, known, scores, scheme: str, seed: int, samples: int) -> list[tuple]:
    """Return (method, metric, value, resampled values) on the test part of one split."""
    test = (split[PART] == TEST).to_numpy()
    part = split[test].reset_index(drop=True)
    judged = {name: values[test] for name, values in scores.items()}
    # The seeds of `edges` share their test pairs, and so the resamples.
    held = TFS if scheme.startswith(FEW) else parse_scheme(scheme)[0]
    draw = 0 if held == EDGES else seed
    _, resampled = bootstrap(
        part, judged, seed=draw, samples=samples, entity=UNIT[held],
        metrics=[AUROC, AUPRC, WITHIN_TF],
    )  # fmt: skip
    drawn = draw_negatives(split, known, scheme="N3m", seed=draw)
    wins = matched_wins(split, scores, {"N3m": drawn})["N3m"]
    win_draws = resample_wins(wins, seed=draw, samples=samples)
    rows = []
    labels, regulators = part[LABEL].to_numpy(int), part[REGULATOR].to_numpy()
    for name, values in judged.items():
        whole = {
            AUROC: auroc(labels, values),
            AUPRC: auprc(labels, values),
            WITHIN_TF: mean_within_group_auroc(labels, values, regulators)[0],
        }
        rows += [(name, key, value, resampled[name, key]) for key, value in whole.items()]
        rows.append((name, "N3m", wins[name].mean(), win_draws[name]))
    return rows


def table(work: Path, mirror: Path, scheme: str, samples: int) -> None:
    """Print the measures of all methods and the paired differences of the models."""
    found = measure(work, mirror, scheme, samples)
    means = found.groupby(["data", "method", "metric"])["value"].agg(["mean", "std", "size"])
    print(means.round(4).unstack("metric").to_string())
    draws = found.groupby(["data", "method", "metric"])["draws"].agg(
        lambda own: np.mean(np.stack(own.to_list()), axis=0)
    )
    for data in found["data"].unique():
        methods = sorted(set(found.loc[found["data"] == data, "method"]))
        for first, second in combinations(methods, 2):
            if not {first, second} & set(MODELS):
                continue
            texts = []
            for metric in (AUROC, AUPRC, WITHIN_TF, "N3m"):
                gain = draws[data, first, metric] - draws[data, second, metric]
                low, high = np.nanquantile(gain, [0.025, 0.975])
                change = means.loc[(data, first, metric), "mean"]
                change -= means.loc[(data, second, metric), "mean"]
                texts.append(f"{metric} {change:+.4f} [{low:+.4f}, {high:+.4f}]")
            print(f"{data} {first} - {second}: {'; '.join(texts)}")


def main() -> None:
    """Read the command line and do one step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["prepare", "zero", "score", "table"])
    parser.add_argument("--methods", nargs="*", default=[])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--sources", type=Path)
    parser.add_argument("--data", choices=list(SETS), default="mDC-500")
    parser.add_argument(
        "--split", default="genes", help="edges, genes, tfs, genes_<percent> or few_<number>"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=1000)
    given = parser.parse_args()
    if given.step == "prepare":
        prepare(given.work, given.mirror, given.sources)
    elif given.step == "zero":
        zero(given.work, given.mirror)
    elif given.step == "score":
        score(given.work, given.mirror, given.data, given.split, given.seed, given.methods)
    else:
        table(given.work, given.mirror, given.split, given.samples)


if __name__ == "__main__":
    main()
