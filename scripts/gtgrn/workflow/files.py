"""The files that rules read, by the wildcards of a job."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any, TypeVar

from snakemake.io import local

from gtgrn.config.cards import expression_files, preprocess_files, split_files
from gtgrn.config.locations import MARKERS, shipped, translation_files
from gtgrn.config.settings import EXPRESSION, parse_scheme
from gtgrn.names import TRANSFER
from gtgrn.workflow.plan import Model, Plan

Paths = TypeVar("Paths", str, list, dict)


def beside(path: Paths) -> Paths:
    """Return files that are no results: where they lie does not change with a module's prefix.

    Parameters
    ----------
    path
        One path, a list, or a mapping to either; results begin with ``<results>``.

    Returns
    -------
    str, list or dict
        The same, with the files that ship with the workflow found beside its code.
    """
    if isinstance(path, dict):
        return {key: beside(value) for key, value in path.items()}
    if isinstance(path, list):
        return [beside(value) for value in path]
    return path if path.startswith("<") else local(shipped(path))


def given(function: Callable[[Any], Paths]) -> Callable[[Any], Paths]:
    """Return an input function whose files are the user's, or ship with the workflow."""
    return lambda wildcards: beside(function(wildcards))


class Files:
    """Input functions of the rules: each takes the wildcards of a job.

    Parameters
    ----------
    plan
        The plan of the run.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    # From files to expression and known edges

    def expression(self, wildcards) -> dict:
        """Return the files behind a data set's expression, where there are any."""
        name = wildcards.dataset
        if name in self.plan.simulated:
            return {
                "simulation": f"<results>/{name}/simulation.h5ad",
                "reference": f"<results>/{name}/simulation_reference.tsv",
            }
        card = self.plan.datasets[name]
        files: dict[str, Any] = {}
        if expression := expression_files(card):
            files["expression"] = expression
        files |= preprocess_files(card)
        wanted = self.plan.preprocess(name)
        if "markers" in card["expression"]:
            files["markers"] = card["expression"]["markers"]
        elif "markers" in [*wanted["keep"], *wanted["also"]]:
            files["markers"] = MARKERS
        if "path" in card.get("regulators", {}):
            files["regulators"] = card["regulators"]["path"]
            files["names"] = translation_files(card["regulators"])
        if "reference" in card and ("regulators" not in card or "reference" in wanted["also"]):
            files["reference"] = card["reference"]["path"]
            files["names"] = [*files.get("names", []), *translation_files(card["reference"])]
        if "gene_map" in card["expression"]:
            files["gene_map"] = card["expression"]["gene_map"]["path"]
        return files

    def whole(self, wildcards) -> str:
        """Return the expression of the data set that a group of cells is a part of."""
        return f"<results>/{self.plan.groups[wildcards.dataset]}/expression.h5ad"

    def reference(self, wildcards) -> str:
        """Return the file that holds a data set's known edges."""
        if wildcards.dataset in self.plan.simulated:
            return f"<results>/{wildcards.dataset}/simulation_reference.tsv"
        return self.plan.datasets[wildcards.dataset]["reference"]["path"]

    def names_of_reference(self, wildcards) -> list[str]:
        """Return the tables by which a data set's reference is translated."""
        return translation_files(self.plan.datasets[wildcards.dataset].get("reference", {}))

    def known_edges(self, wildcards) -> dict:
        """Return the prepared reference of a data set, where there is one."""
        known = wildcards.dataset in self.plan.supervised
        return {"reference": f"<results>/{wildcards.dataset}/reference.tsv"} if known else {}

    def summary(self, wildcards) -> dict:
        """Return what the summary of a data set reads besides its expression."""
        card = self.plan.datasets[wildcards.dataset]
        files: dict[str, Any] = {}
        if wildcards.dataset in self.plan.supervised:
            files["reference"] = self.reference(wildcards)
        if "path" in card.get("regulators", {}):
            files["regulators"] = card["regulators"]["path"]
        files["names"] = [
            path
            for section in ("reference", "regulators")
            for path in translation_files(card.get(section, {}))
        ]
        return files

    def source_network(self, wildcards) -> dict:
        """Return the network that a sub-network is extracted from, unless one is generated."""
        kinetics = self.plan.kinetic[wildcards.dataset]["kinetics"]
        return {"network": kinetics["network"]} if "network" in kinetics else {}

    def split(self, wildcards) -> dict:
        """Return the split files that a card ships, or the files of a transfer's source."""
        if wildcards.split == TRANSFER:
            source = self.plan.config["splits"]["sources"][wildcards.dataset]
            folder = f"<results>/{source}"
            return {"source_genes": f"{folder}/genes.tsv", "source": f"{folder}/reference.tsv"}
        return split_files(self.plan.datasets[wildcards.dataset], parse_scheme(wildcards.split)[0])

    # Networks and models

    def third_party(self, wildcards) -> list[str]:
        """Return the networks of others for a data set."""
        folder = f"<results>/{wildcards.dataset}/networks/third_party"
        return [f"{folder}/{name}.tsv.gz" for name in self.plan.third_party(wildcards.dataset)]

    def judged_networks(self, wildcards) -> list[str]:
        """Return the expression-only networks of a data set, where it has expression."""
        names = self.plan.networks if wildcards.dataset in self.plan.expressed else []
        folder = f"<results>/{wildcards.dataset}/networks"
        return [f"{folder}/{name}.tsv.gz" for name in names] + self.third_party(wildcards)

    def features(self, wildcards) -> dict:
        """Return the files of the modalities that a variant takes."""
        files = {
            EXPRESSION: "<results>/{dataset}/matrix.npy",
            "P": "<results>/{dataset}/embeddings/positional/{split}/seed{seed}.h5ad",
            "G": "<results>/{dataset}/embeddings/global/seed{seed}.h5ad",
            "E": "<results>/{dataset}/embeddings/expression/seed{seed}.h5ad",
        }
        return {name: files[name] for name in self.plan.features(wildcards.variant)}

    def scores(self, dataset: str, split: str, models: Iterable[Model], *seeds: int) -> list[str]:
        """Return the score files of supervised models, seed by seed."""
        return [
            f"<results>/{dataset}/models/{model}/{variant}/{split}/seed{seed}/scores.tsv.gz"
            for seed, (model, variant) in product(seeds, models)
        ]

    def evaluated_scores(self, wildcards) -> list[str]:
        """Return the score files that are judged on one split."""
        models = self.plan.evaluated(wildcards.dataset)
        return self.scores(wildcards.dataset, wildcards.split, models, wildcards.seed)

    def scores_of_all_seeds(self, wildcards) -> list[str]:
        """Return the score files of all supervised models of a data set, seed by seed."""
        models = self.plan.evaluated(wildcards.dataset)
        return self.scores(wildcards.dataset, wildcards.split, models, *self.plan.seeds)

    def messages_of_all_seeds(self, wildcards) -> list[str]:
        """Return the files of what the models passed as messages, seed by seed."""
        paths = self.scores_of_all_seeds(wildcards)
        return [path.replace("scores.tsv.gz", "messages.tsv.gz") for path in paths]

    def exposure_of_all_seeds(self, wildcards) -> list[str]:
        """Return the files of what the models were given of their split, seed by seed."""
        paths = self.scores_of_all_seeds(wildcards)
        return [path.replace("scores.tsv.gz", "exposure.tsv") for path in paths]

    def audited(self, wildcards) -> dict:
        """Return the networks and embeddings of a data set, which must know no label."""
        if wildcards.dataset not in self.plan.expressed:
            return {}
        folder, seeds = f"<results>/{wildcards.dataset}", self.plan.seeds
        return {
            "networks": [f"{folder}/networks/{m}.tsv.gz" for m in self.plan.methods],
            "expression": [f"{folder}/embeddings/expression/seed{n}.h5ad" for n in seeds],
            "walked": [f"{folder}/embeddings/global/seed{n}.h5ad" for n in seeds],
        }

    def label_files(self, wildcards) -> list[str]:
        """Return the user's files that hold labels of a data set, or scores of others."""
        card, others = self.plan.datasets[wildcards.dataset], self.plan.config["third_party"]
        known = [card["reference"]["path"]] if "reference" in card else []
        splits = [split_files(card, scheme) for scheme in card.get("splits", {})]
        return [
            *known,
            *(path for files in splits for path in files.values()),
            *(source["path"] for source in others.values()),
        ]

    def final_network(self, wildcards) -> dict:
        """Return what the final network needs besides the consensus, where there are labels."""
        name = wildcards.dataset
        if name not in self.plan.supervised:
            whole = self.plan.groups.get(name)
            known = whole in self.plan.supervised
            return {"signs": f"<results>/{whole}/reference.tsv"} if known else {}
        models = [self.plan.main_model]
        return {
            "reference": f"<results>/{name}/reference.tsv",
            "scores": self.scores(name, self.plan.main_split, models, *self.plan.seeds),
        }

    # All data sets

    def final_networks(self) -> list[str]:
        """Return the networks that people take away, of all data sets with expression."""
        names = ("network.tsv.gz", "network.graphml")
        return [f"<results>/{data}/{name}" for data in self.plan.expressed for name in names]

    def expand_splits(self, pattern: str, datasets: Iterable[str] | None = None) -> list[str]:
        """Expand a pattern over data sets, their schemes and, where it has ``{seed}``, seeds."""
        names = self.plan.supervised if datasets is None else datasets
        seeds = self.plan.seeds if "{seed}" in pattern else [None]
        return [
            pattern.format(dataset=name, split=split, seed=seed)
            for name in names
            for split in self.plan.schemes_of(name)
            for seed in seeds
        ]

    def evaluated_tables(self, kind: str) -> list[str]:
        """Return the tables of a kind that judging leaves, one per data set, split and seed."""
        return self.expand_splits(
            f"<results>/{{dataset}}/evaluation/{{split}}/seed{{seed}}.{kind}.tsv"
        )

    def audits(self) -> list[str]:
        """Return the leakage audits of all data sets and splits."""
        return self.expand_splits("<results>/{dataset}/evaluation/{split}/audit.tsv")

    def stabilities(self) -> list[str]:
        """Return the tables of stability, where the configuration asks for them."""
        if not self.plan.config["evaluation"]["stability"]:
            return []
        wholes = self.plan.wholes(self.plan.expressed)
        return [f"<results>/{name}/evaluation/stability.tsv" for name in wholes]

    def all_scores(self, models) -> list[str]:
        """Return the scores of `models(dataset)` for every data set, split and seed."""
        return [
            path
            for dataset in self.plan.supervised
            for split, seed in self.plan.runs(dataset)
            for path in self.scores(dataset, split, models(dataset), seed)
        ]
