"""What the rules of other contexts read: which sources a data set uses, and for what."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from gtgrn.config.cards import card_files
from gtgrn.config.locations import source_path, tried_path
from gtgrn.config.settings import FULL
from gtgrn.config.source_cards import WHEEL_SOURCES, list_sources, load_sources
from gtgrn.config.unsaid import ORGANISM, UNSAID
from gtgrn.names import CONTEXT_FEATURES_NULL, CONTEXT_NULLS, EXPRESSION_NULL
from gtgrn.workflow.plan import GTGRN, Model, Plan

ALL_KINDS = ("chip", "motif", "curated", "association")
"""Kinds of sources that the form full may read."""
EVERY = "all"
"""Name of the tables that are made of all kinds."""
ABLATION, CURVE = "ablation", "curve"
"""Studies of what other contexts add: part by part, and by the share of known edges."""
ORGANISMS = ("human", "mouse")
"""Organisms whose genes the sources of the Python index name, the mouse's by orthologs."""


class ContextFiles:
    """Input functions of the rules that read sources.

    Parameters
    ----------
    plan
        The plan of the run.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def sources(self, dataset: str) -> list[str]:
        """Return the names of the sources of a data set: its card's, or the configuration's.

        Where neither names any, those of the Python index serve the data sets without known
        edges whose card states that they are of human or mouse. A group of cells has none:
        other contexts would say the same of every group.
        """
        plan = self.plan
        if dataset in plan.simulated or dataset in plan.groups:
            return []
        card = plan.datasets[dataset]
        asked = self._asked(dataset)
        if asked is not None:
            fits = "sources" in card.get("context", {}) or card.get(ORGANISM) in ORGANISMS
            return asked if fits else []
        stated = ORGANISM not in card.get(UNSAID, ())
        if dataset in plan.supervised or not stated or card.get(ORGANISM) not in ORGANISMS:
            return []
        return [name for name in WHEEL_SOURCES if name in list_sources()]

    def _asked(self, dataset: str) -> list[str] | None:
        """Return the sources that the card or the configuration names, None where neither does."""
        own, config = self.plan.datasets[dataset].get("context", {}), self.plan.config["context"]
        return own.get("sources", config["sources"])

    def cards(self, dataset: str) -> dict[str, dict]:
        """Return the cards of a data set's sources."""
        return load_sources(self.sources(dataset))

    def about(self, dataset: str) -> dict:
        """Return what decides which sources a data set must not use."""
        card = self.plan.datasets[dataset]
        reference = card.get("reference", {})
        return {
            "organism": card["organism"],
            "cell_type": card.get("context", {}).get("cell_type"),
            "databases": [reference[key] for key in ("source", "prior") if key in reference],
        }

    @property
    def ranked(self) -> list[str]:
        """Data sets without known edges that other contexts rank."""
        plan = self.plan
        return [n for n in plan.expressed if n not in plan.supervised and self.sources(n)]

    @property
    def judged(self) -> list[str]:
        """Data sets with known edges and with sources."""
        return [name for name in self.plan.supervised if self.sources(name)]

    @property
    def unlabelled(self) -> list[str]:
        """Data sets whose known edges judge rankings that never saw them."""
        plan = self.plan
        return [n for n in plan.supervised if self.sources(n) or n in plan.expressed]

    def truth(self, dataset: str) -> str:
        """Return what the known edges of a data set are: binding, a response, a simulation."""
        if dataset in self.plan.simulated:
            return "simulation"
        return self.plan.datasets[dataset].get("reference", {}).get("truth", "")

    def tables(self, wildcards) -> list[str]:
        """Return the tables of a data set's sources: those that nobody named are only tried."""
        named = self._asked(wildcards.dataset) is not None
        place = source_path if named else tried_path
        return [place(name) for name in self.sources(wildcards.dataset)]

    def at_hand(self, wildcards) -> list[str]:
        """Return the table of a source that is only tried, where it is there or will be."""
        path = source_path(wildcards.source)
        return [path] if wildcards.source in self.named or Path(path).is_file() else []

    @cached_property
    def named(self) -> set[str]:
        """The sources that this run cannot do without: someone names them."""
        plan = self.plan
        asked = {name for d in plan.listed for name in self._asked(d) or ()}
        paths = {path for card in plan.cards.values() for path in card_files(card)}
        return asked | {name for name in list_sources() if source_path(name) in paths}

    def ranking(self, wildcards) -> dict:
        """Return what the final network takes from other contexts, where it rests on them."""
        if wildcards.dataset not in self.ranked:
            return {}
        folder = f"<results>/{wildcards.dataset}/context"
        return {"context": f"{folder}/ranking.tsv.gz", "context_summary": f"{folder}/summary.json"}

    def networks(self, wildcards) -> list[str]:
        """Return the expression-only networks of a data set, where it has expression."""
        names = self.plan.networks if wildcards.dataset in self.plan.expressed else []
        return [f"<results>/{wildcards.dataset}/networks/{name}.tsv.gz" for name in names]

    def methods(self, dataset: str) -> list[str]:
        """Return the names of these networks."""
        return self.plan.networks if dataset in self.plan.expressed else []

    @property
    def label_nulls(self) -> list[str]:
        """Nulls that read train labels alone."""
        return [null for null in self.plan.config["nulls"] if null != EXPRESSION_NULL]

    def nulls(self, dataset: str) -> list[str]:
        """Return the nulls of a data set's tables: those that its files can feed."""
        asked = self.plan.config["nulls"]
        learner = EXPRESSION_NULL in asked
        names = [n for n in asked if n != EXPRESSION_NULL or dataset in self.plan.expressed]
        if dataset in self.judged:
            names += [*CONTEXT_NULLS, *([CONTEXT_FEATURES_NULL] if learner else [])]
        return names

    def gene_features(self, wildcards) -> dict:
        """Return what the null that learns from labels and features of other contexts reads."""
        folder = f"<results>/{wildcards.dataset}"
        expressed = wildcards.dataset in self.plan.expressed
        matrix = {"matrix": f"{folder}/matrix.npy"} if expressed else {}
        return matrix | {"elsewhere": f"{folder}/context/inputs/{EVERY}.npz"}

    def null_scores(self, wildcards) -> list[str]:
        """Return the score files of a data set's nulls on one split."""
        return [
            f"<results>/{wildcards.dataset}/nulls/{null}/{wildcards.split}/"
            f"seed{wildcards.seed}.tsv.gz"
            for null in self.nulls(wildcards.dataset)
        ]

    def read_by(self, dataset: str, variant: str) -> str | None:
        """Return the tables of other contexts that a variant reads on a data set, if any."""
        options = self.plan.variant_options(variant)
        if options["form"] != FULL or not options["context"] or dataset not in self.judged:
            return None
        kinds = [kind for kind in ALL_KINDS if kind in options["context_kinds"]]
        name = EVERY if len(kinds) == len(ALL_KINDS) else "-".join(kinds)
        return f"<results>/{dataset}/context/inputs/{name}.npz"

    def elsewhere(self, wildcards) -> dict:
        """Return what the training of a variant reads of other contexts."""
        path = self.read_by(wildcards.dataset, wildcards.variant)
        return {"elsewhere": path} if path else {}

    def audited(self, wildcards) -> list[str]:
        """Return the tables that the evaluated models of a data set read, each once."""
        read = [self.read_by(wildcards.dataset, v) for v in self._variants(wildcards.dataset)]
        return [path for path in dict.fromkeys(read) if path]

    def places(self, dataset: str) -> list[int | None]:
        """Return where the tables of each evaluated model stand in :meth:`audited`."""
        models, own = self.plan.evaluated(dataset), self._variants(dataset)
        read = [self.read_by(dataset, v) if v in own else None for _, v in models]
        files = [path for path in dict.fromkeys(read) if path]
        return [files.index(path) if path else None for path in read]

    def _variants(self, dataset: str) -> list[str]:
        return [variant for model, variant in self.plan.evaluated(dataset) if model == GTGRN]

    # The studies of what other contexts add

    @property
    def curve(self) -> list[str]:
        """Split schemes of the learning curve."""
        return self.plan.config["context"]["curve"]

    def study_runs(self, study: str) -> list[tuple[str, str, int]]:
        """Return (data set, split, seed) of a study: ``ablation`` or ``curve``."""
        plan = self.plan
        return [
            (name, split, seed)
            for name in self.judged
            if name in plan.expressed
            for split in (self.curve if study == CURVE else plan.schemes_of(name))
            for seed in plan.seeds
        ]

    def study_models(self, study: str) -> list[Model]:
        """Return the variants that a study trains, the one with all of it first."""
        config = self.plan.config
        context = config["context"]
        rows = [] if context["without"] is None else [context["without"]]
        rows += context["ablation"] if study == ABLATION else []
        return [(GTGRN, name) for name in dict.fromkeys([config["network"]["variant"], *rows])]

    def study_rivals(self, study: str) -> dict[str, list[Model]]:
        """Return what each row of a study is compared with besides the best null."""
        whole, *_ = self.study_models(study)
        bare = self.plan.config["context"]["without"]
        rivals = {"all of it": [whole]}
        return rivals | ({} if bare is None else {"no other context": [(GTGRN, bare)]})

    def study_scores(self, wildcards) -> list[str]:
        """Return the scores of a study's models on one split."""
        folder, run = f"<results>/{wildcards.dataset}/models", f"{wildcards.split}/seed"
        return [
            f"{folder}/{model}/{variant}/{run}{wildcards.seed}/scores.tsv.gz"
            for model, variant in self.study_models(wildcards.study)
        ]

    def study_tables(self, kind: str) -> Callable:
        """Return the input function that lists a study's tables of a kind."""

        def tables(wildcards) -> list[str]:
            return [
                f"<results>/{name}/context/{wildcards.study}/{split}/seed{seed}.{kind}.tsv"
                for name, split, seed in self.study_runs(wildcards.study)
            ]

        return tables
