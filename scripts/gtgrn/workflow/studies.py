"""The files that the studies read: peers, tuning, regulators, maps, biology, the paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gtgrn.config.cards import expression_files
from gtgrn.config.locations import find_prior
from gtgrn.config.settings import FEATURE_SETS
from gtgrn.errors import InputError
from gtgrn.report.registry import (
    COMPARED,
    EXPRESSED,
    GROUPED,
    JUDGED,
    PERTURBED,
    STUDIED,
    TUNED,
    TYPED,
    WITH_PEERS,
    find_sections,
    list_files,
)
from gtgrn.workflow.context import ContextFiles
from gtgrn.workflow.files import Files
from gtgrn.workflow.perturbing import find_perturbations
from gtgrn.workflow.plan import GTGRN, Plan

PAPER_NUMBERS = "resources/paper_numbers.tsv"
ORIGINAL_PEERS = "resources/original_peers.tsv"
BIOLOGY = ["regulons.gmt", "adjacencies.tsv", "net.tsv", "regulators.tsv", "novel.tsv"]
BIOLOGY += ["markers.tsv"]
BIOLOGY += [f"activity.{ext}" for ext in ("tsv", "h5ad", "svg", "png")]
OVERLAP = [*(f"overlap.{ext}" for ext in ("tsv", "svg", "png")), "overlap_regulators.tsv"]


class StudyFiles:
    """Input functions of the studies' rules.

    Parameters
    ----------
    plan
        The plan of the run.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan, self.files = plan, Files(plan)
        self.perturbed = find_perturbations(plan.listed)

    @property
    def pages(self) -> dict[str, list[str]]:
        """Pages of the report -> the studies that each shows; those that a card asks for too."""
        asked = ["groups"] if self.plan.grouped else []
        asked += ["comparison"] if self.plan.compared else []
        asked += ["perturbation"] if self.perturbed else []
        shown = list(dict.fromkeys([*self.plan.config["report"]["studies"], *asked]))
        return {"report": shown, "paper": list(find_sections())}

    # Conditions

    def comparisons(self, wildcards) -> list[str]:
        """Return the summaries of a data set's comparisons, of correlations and of ranks."""
        folder = f"<results>/{wildcards.dataset}/comparison"
        groups = self.plan.compared[wildcards.dataset]
        methods = self.plan.listed[wildcards.dataset]["compare"]["methods"]
        return [
            f"{folder}/{'/'.join(filter(None, (group.name, method)))}/summary.json"
            for group in groups
            if not group.left_out
            for method in ("", *methods)
        ]

    def perturbations(self, wildcards) -> list[str]:
        """Return the summaries of a data set's knock-outs."""
        folder = f"<results>/{wildcards.dataset}/perturbation"
        return [f"{folder}/{name}.json" for name in self.perturbed[wildcards.dataset]]

    # Hyper-parameters and peers

    def tuning(self, wildcards) -> dict:
        """Return what a model of the tuning study reads besides genes and split."""
        folder = f"<results>/{wildcards.dataset}"
        if wildcards.model != GTGRN:
            return {"matrix": f"{folder}/matrix.npy"}
        files = self._embeddings(folder, wildcards.seed)
        return {name: files[name] for name in self.plan.features(self.plan.paper_variant)}

    def tuning_options(self, wildcards) -> dict:
        """Return the options of a grid point, on top of those that the model has in this run."""
        point = self.plan.grids[wildcards.model][wildcards.point]
        if wildcards.model == GTGRN:
            return {**self.plan.variant_options(self.plan.paper_variant), **point}
        form = self.plan.config["tuning"]["form"]
        return {**self.plan.peer_options(wildcards.model).get(form, {}), **point}

    def tuning_rows(self, wildcards) -> list[str]:
        """Return the files of all grid points of a data set."""
        return [
            f"<results>/{wildcards.dataset}/tuning/{model}/{point}/seed{seed}.tsv"
            for model, points in self.plan.grids.items()
            for point in points
            for seed in self.plan.tuning_seeds
        ]

    def peer_runs(self, dataset: str) -> list[tuple[str, str, str, int]]:
        """Return (model, form, split, seed) of all that the target peers trains."""
        runs = self.plan.runs(dataset)
        return [(*peer, *run) for peer in self.plan.peers_of(dataset, asked=True) for run in runs]

    def peer_scores(self, wildcards) -> list[str]:
        """Return the score files in the order of :meth:`peer_runs`."""
        folder = f"<results>/{wildcards.dataset}/models"
        runs = self.peer_runs(wildcards.dataset)
        return [f"{folder}/{m}/{form}/{s}/seed{n}/scores.tsv.gz" for m, form, s, n in runs]

    # The GATv2 study

    @property
    def gatv2(self) -> list[str]:
        """Names of the GATv2 studies: Boolean models, or those on data sets of the run."""
        return self.gatv2_measured or self.plan.config["gatv2"]["models"]

    @property
    def gatv2_measured(self) -> list[str]:
        """Names of the GATv2 studies on data sets of the run."""
        return list(self.plan.config["gatv2"]["expression"])

    def measured_sets(self, name: str) -> Callable[[Any], list[str]]:
        """Return an input function of a file of each data set of a GATv2 study."""
        chosen = self.plan.config["gatv2"]["expression"]
        return lambda wildcards: [f"<results>/{d}/{name}" for d in chosen[wildcards.boolean]]

    # Regulators and representations of genes

    def attention(self, wildcards) -> dict:
        """Return checkpoints by model and seed, and what they were trained on by seed."""
        folder, split = f"<results>/{wildcards.dataset}", self.plan.main_split
        seeds, variant = self.plan.seeds, self.plan.paper_variant
        chosen = self.plan.features(variant) if variant else []
        return {
            "checkpoints": [
                f"{folder}/models/{model}/{own}/{split}/seed{seed}/checkpoint.pt"
                for model, own in self.plan.attention_models(wildcards.dataset)
                for seed in seeds
            ],
            "splits": [f"{folder}/splits/{split}/seed{seed}.tsv.gz" for seed in seeds],
            **{name: [self._embeddings(folder, n)[name] for n in seeds] for name in chosen},
        }

    def _embeddings(self, folder: str, seed: int) -> dict[str, str]:
        split = self.plan.main_split
        return {
            "P": f"{folder}/embeddings/positional/{split}/seed{seed}.h5ad",
            "G": f"{folder}/embeddings/global/seed{seed}.h5ad",
            "E": f"{folder}/embeddings/expression/seed{seed}.h5ad",
        }

    def _representations(self, dataset: str) -> list[tuple[str, str, int, str]]:
        """Return (name, variant, seed, file) of all gene embeddings of a data set."""
        folder, split, seeds = f"<results>/{dataset}", self.plan.main_split, self.plan.seeds
        kinds = {"vae": "expression", "global": "global"}
        own = [
            (name, "", seed, f"{folder}/embeddings/{kind}/seed{seed}.h5ad")
            for name, kind in kinds.items()
            for seed in seeds
        ]
        models = []
        if dataset in self.plan.supervised:
            models = self.plan.own_models(dataset) + self.plan.peers_of(dataset)
        return own + [
            (*names, seed, f"{folder}/models/{'/'.join(names)}/{split}/seed{seed}/embedding.h5ad")
            for names in models
            for seed in seeds
        ]

    def representations(self, wildcards) -> list[str]:
        """Return the files of all gene embeddings of a data set."""
        return [file for *_, file in self._representations(wildcards.dataset)]

    def representation_names(self, wildcards) -> list[list]:
        """Return [name, variant, seed] in the order of :meth:`representations`."""
        return [names for *names, _ in self._representations(wildcards.dataset)]

    # Biology

    def centralities(self, wildcards) -> dict:
        """Return the ranking of regulators where the report shows it, so that the run makes it."""
        shown = "regulators" in self.plan.config["report"]["studies"]
        if wildcards.dataset not in self.plan.judged or not shown:
            return {}
        return {"ranking": f"<results>/{wildcards.dataset}/regulators/ranking.tsv"}

    def priors(self, dataset: str) -> dict[str, dict]:
        """Return the published tables by name that are at hand for a data set."""
        config, organism = self.plan.config, self.plan.datasets[dataset].get("organism")
        names = config["biology"]["priors"]
        found = {name: find_prior(name, organism, config["mirror"]) for name in names}
        return {name: section for name, section in found.items() if section is not None}

    def evidence(self, wildcards) -> dict:
        """Return the reference with its databases, where the card has one, and the priors."""
        reference = self.plan.datasets[wildcards.dataset].get("reference")
        return {
            "reference": [reference["path"]] if reference else [],
            "priors": [section["path"] for section in self.priors(wildcards.dataset).values()],
        }

    def main_scores(self, wildcards) -> list[str]:
        """Return the scores of the model that ranks the network, split by split."""
        return [
            path
            for split, seed in self.plan.runs(wildcards.dataset)
            for path in self.files.scores(wildcards.dataset, split, [self.plan.main_model], seed)
        ]

    def null_scores(self, wildcards) -> list[str]:
        """Return the scores of the nulls, split by split."""
        return [
            f"<results>/{wildcards.dataset}/nulls/{null}/{split}/seed{seed}.tsv.gz"
            for split, seed in self.plan.runs(wildcards.dataset)
            for null in ContextFiles(self.plan).label_nulls
        ]

    def annotated(self, wildcards) -> dict:
        """Return the file whose cells and genes are described beyond what the card names."""
        card = self.plan.datasets[wildcards.dataset]
        described = card["expression"]["format"] == "h5ad"
        return {"described": expression_files(card)} if described else {}

    def biology(self, dataset: str) -> list[str]:
        """Return the files of the target biology of a data set."""
        names = BIOLOGY + (OVERLAP if dataset in self.plan.judged else [])
        return [f"<results>/{dataset}/biology/{name}" for name in names]

    # Tables and figures of the paper

    def regenerated_scores(self, wildcards) -> list[str]:
        """Return the score files of the compared models, seed by seed."""
        name, models = wildcards.dataset, self.plan.paper_models(wildcards.dataset)
        return self.files.scores(name, self.plan.main_split, models, *self.plan.seeds)

    def ablation_rows(self, dataset: str) -> list[tuple[str, str, str]]:
        """Return (row, data set, variant) of Table 6: feature sets, controls, imputation.

        Raises
        ------
        InputError
            If the configuration has no variant for one of the feature sets.
        """
        variants = self.plan.feature_sets
        missing = [name for name in FEATURE_SETS if name not in variants]
        if missing:
            name = missing[0]
            raise InputError(
                f"Table 6 needs a variant with the features {name} alone",
                field="variants",
                remedy=f"Add '{name}: {{features: [{', '.join(name)}]}}' under variants",
            )
        order = [*FEATURE_SETS, *(row for row in variants if row not in FEATURE_SETS)]
        turned = [name for name in self.plan.imputed if name.startswith(f"{dataset}-magic_")]
        imputation = self.plan.config["paper"]["imputation"]
        return [(row, dataset, variants[row]) for row in order] + [
            (name.removeprefix(f"{dataset}-"), name, variants[imputation]) for name in turned
        ]

    def ablation_scores(self, wildcards) -> list[str]:
        """Return the score files of the rows of Table 6, seed by seed."""
        rows, split = self.ablation_rows(wildcards.dataset), self.plan.main_split
        return [
            f"<results>/{dataset}/models/gtgrn/{variant}/{split}/seed{seed}/scores.tsv.gz"
            for seed in self.plan.seeds
            for _, dataset, variant in rows
        ]

    # The report

    def of_page(self, wildcards) -> list[str]:
        """Return the results of the studies that a page of the report shows."""
        plan = self.plan
        kinds = {
            EXPRESSED: plan.expressed,
            JUDGED: plan.judged,
            TYPED: plan.typed,
            TUNED: plan.tuned,
            STUDIED: plan.studied,
            GROUPED: list(plan.grouped),
            COMPARED: list(plan.compared),
            PERTURBED: list(self.perturbed),
            WITH_PEERS: [name for name in plan.judged if plan.peers_of(name)],
        }
        return [f"<results>/{path}" for path in list_files(self.pages[wildcards.page], kinds)]
