"""The plan of a run: its data sets, methods, models, splits and seeds, from the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gtgrn.config.card_names import NO_ORIGINS, Origins, card_paths, settle_sources
from gtgrn.config.cards import (
    card_files,
    cell_type_column,
    expand_card,
    expression_files,
    load_cards,
)
from gtgrn.config.families import cards_in
from gtgrn.config.grids import grid_points
from gtgrn.config.locations import SHIPPED_CARDS
from gtgrn.config.settings import (
    ENSEMBLES,
    check_settings,
    check_sources,
    find_feature_sets,
    imputation_counterparts,
    main_split,
    paper_variant,
    variant_options,
)
from gtgrn.config.unsaid import default_seeds, merge_preprocess
from gtgrn.data.downloads import check_offline, is_fetched
from gtgrn.names import TRANSFER
from gtgrn.plugins import METHODS, PEERS, find_plugins
from gtgrn.workflow.comparing import find_comparisons
from gtgrn.workflow.grouping import WHOLE, Group, find_groups, group_cards

CARDS = "config/datasets"
"""Folder of the cards, relative to the working directory."""
GTGRN = "gtgrn"
Model = tuple[str, str]
"""A model and its variant or form."""


def make_plan(config: dict, cards: str | Path = CARDS, origins: Origins = NO_ORIGINS) -> Plan:
    """Check the configuration and the cards it lists, and return the plan.

    Parameters
    ----------
    config
        Snakemake's merged configuration; its defaults are filled in, in place.
    cards
        Folder of the cards.
    origins
        Where the keys of the configuration were set.

    Raises
    ------
    InputError
        Naming the first key that is wrong, and the remedy.
    """
    there = [name for folder in (Path(cards), SHIPPED_CARDS) for name, _ in cards_in(folder)]
    methods, peers = list(find_plugins(METHODS)), list(find_plugins(PEERS))
    check_settings(config, methods, peers, there, origins)
    plan = Plan(config, load_cards(card_paths(config, str(cards)), mirror=config["mirror"]))
    if config["offline"]:
        check_offline(plan.fetched, mirror=config["mirror"])
    config["seeds"] = config["seeds"] or default_seeds(card_paths(config, str(cards)))
    settle_sources(config, plan.listed, origins)
    check_sources(config, plan.listed)
    # Looked up now, so that what is wrong with the file's columns ends the start with one line.
    plan.compared  # noqa: B018
    return plan


@dataclass(frozen=True)
class Plan:
    """What a run makes.

    Attributes
    ----------
    config
        The checked configuration, defaults filled in.
    cards
        Name -> card, as written.
    """

    config: dict
    cards: Mapping[str, dict]

    # Data sets

    @cached_property
    def listed(self) -> dict[str, dict]:
        """The data sets of the cards: replicates of a simulation, and groups after the whole."""
        found: dict[str, dict] = {}
        for card in self.cards:
            for name, dataset in expand_card(card, self.cards[card]).items():
                found[name] = dataset
                if "groups" in dataset:
                    found |= group_cards(name, dataset)
        return found

    @cached_property
    def groups(self) -> dict[str, str]:
        """Data sets that are a group of cells of another -> that one."""
        return {name: d[WHOLE] for name, d in self.listed.items() if WHOLE in d}

    @cached_property
    def grouped(self) -> dict[str, list[Group]]:
        """Data sets that have groups -> these, those that are left out among them."""
        return {name: find_groups(d) for name, d in self.listed.items() if "groups" in d}

    @cached_property
    def compared(self) -> dict[str, list[Group]]:
        """Data sets with conditions to compare -> within which groups, left-out ones too."""
        return {name: find_comparisons(d) for name, d in self.listed.items() if "compare" in d}

    def wholes(self, datasets: Iterable[str]) -> list[str]:
        """Return those of some data sets that are no group of another."""
        return [name for name in datasets if name not in self.groups]

    @cached_property
    def boolean(self) -> dict[str, dict]:
        """Data sets simulated from a Boolean model."""
        return {name: d for name, d in self.listed.items() if "simulation" in d}

    @cached_property
    def kinetic(self) -> dict[str, dict]:
        """Data sets simulated with the kinetics of GeneNetWeaver."""
        return {name: d for name, d in self.listed.items() if "kinetics" in d}

    @cached_property
    def simulated(self) -> dict[str, dict]:
        """All simulated data sets."""
        return self.boolean | self.kinetic

    @cached_property
    def supervised(self) -> list[str]:
        """Data sets with known edges."""
        return [n for n, d in self.listed.items() if "reference" in d or n in self.simulated]

    @cached_property
    def expressed(self) -> list[str]:
        """Data sets with expression; a set of genes and known edges alone has none."""
        return [n for n, d in self.listed.items() if d["expression"]["format"] != "genes_only"]

    @cached_property
    def judged(self) -> list[str]:
        """Data sets with expression and known edges."""
        return [name for name in self.supervised if name in self.expressed]

    @cached_property
    def typed(self) -> list[str]:
        """Data sets whose cells have types, by a column of the file or by marker genes."""
        expressed = self.wholes(self.expressed)
        return [name for name in expressed if cell_type_column(self.listed[name])]

    @cached_property
    def studied(self) -> list[str]:
        """Data sets that stand for the paper's PBMC set in its tables."""
        cards = self.config["paper"]["datasets"] or self.config["ablations"]["datasets"]
        judged = self.wholes(self.judged)
        return [name for name in judged if self.listed[name]["card"] in cards]

    @cached_property
    def tuned(self) -> list[str]:
        """Data sets of the study of hyper-parameters."""
        cards = self.config["tuning"]["datasets"] or self.cards
        judged = self.wholes(self.judged)
        return [name for name in judged if self.listed[name]["card"] in cards]

    @cached_property
    def imputed(self) -> dict[str, dict]:
        """The studied sets with MAGIC where a card goes without, and without where it has it.

        Only what Table 6 compares is made of them; they are in no other list of data sets.
        """
        studied = {name: self.listed[name] for name in self.studied}
        return imputation_counterparts(self.config, studied)

    @cached_property
    def datasets(self) -> dict[str, dict]:
        """Every data set of which anything is made -> its card."""
        return self.listed | self.imputed

    @cached_property
    def fetched(self) -> list[str]:
        """Files and folders of the cards that a job fetches."""
        files = {file for card in self.cards.values() for file in card_files(card)}
        return sorted(file for file in files if is_fetched(file))

    @cached_property
    def fetched_folders(self) -> list[str]:
        """Of what is fetched, the folders: only the matrix of 10x Genomics is one."""
        return [
            file
            for card in self.cards.values()
            for file in expression_files(card)
            if card["expression"]["format"] == "10x_mtx" and file in self.fetched
        ]

    def of_card(self, dataset: str) -> str:
        """Return the name of the card that a data set comes from."""
        return self.datasets[dataset]["card"]

    def preprocess(self, dataset: str) -> dict:
        """Return the section preprocess with the card's own keys on top."""
        return merge_preprocess(self.datasets[dataset], self.config["preprocess"])

    # Expression-only methods

    @property
    def methods(self) -> list[str]:
        """Expression-only methods of the run."""
        return self.config["inference"]["methods"]

    @property
    def informed_methods(self) -> list[str]:
        """The methods that look at expression: all but random."""
        return [method for method in self.methods if method != "random"]

    @property
    def networks(self) -> list[str]:
        """Methods and the networks made of those of all methods."""
        return [*self.methods, *ENSEMBLES]

    def third_party(self, dataset: str) -> list[str]:
        """Return the names of the networks of others for a data set."""
        sources = self.config["third_party"]
        card = self.of_card(dataset) if dataset not in self.groups else None
        return [name for name, source in sources.items() if source["dataset"] == card]

    # Splits

    @property
    def seeds(self) -> list[int]:
        """Seeds of splits, embeddings and models."""
        return self.config["seeds"]

    @property
    def schemes(self) -> list[str]:
        """Split schemes."""
        return self.config["splits"]["schemes"]

    @property
    def main_split(self) -> str:
        """The split of the final network and of the paper's tables."""
        return main_split(self.config)

    def schemes_of(self, dataset: str) -> list[str]:
        """Return the split schemes of a data set: transfer only where it has a source."""
        sources = self.config["splits"]["sources"]
        return [name for name in self.schemes if name != TRANSFER or dataset in sources]

    def runs(self, dataset: str) -> list[tuple[str, int]]:
        """Return (split, seed) of all splits of a data set."""
        return [(split, seed) for split in self.schemes_of(dataset) for seed in self.seeds]

    # Supervised models

    @property
    def variants(self) -> dict[str, dict]:
        """Variants of GT-GRN -> the keys that each overrides."""
        return self.config["variants"]

    @cached_property
    def paper_variant(self) -> str | None:
        """The variant whose attention is read and whose grid is searched."""
        return paper_variant(self.config)

    def variant_options(self, variant: str) -> dict:
        """Return the options of a variant of GT-GRN, its form among them."""
        return variant_options(self.config, variant)

    def features(self, variant: str) -> list[str]:
        """Return the modalities that a variant of GT-GRN takes."""
        return self.variant_options(variant)["features"]

    @cached_property
    def controls(self) -> list[str]:
        """Variants that destroy what the features say."""
        names = self.variants
        return [v for v in names if self.variant_options(v).get("control", "none") != "none"]

    @cached_property
    def exchanged(self) -> list[Model]:
        """Variants that are given what other contexts say of other genes."""
        options = {name: self.variant_options(name) for name in self.variants}
        return [
            (GTGRN, v)
            for v, own in options.items()
            if own.get("context_control", "none") != "none"
        ]

    @cached_property
    def refitted(self) -> list[Model]:
        """Variants that are told to read validation labels when they score the test part."""
        options = {name: self.variant_options(name) for name in self.variants}
        return [(GTGRN, v) for v, own in options.items() if own.get("refit_on_validation")]

    def own_variants(self, dataset: str) -> list[str]:
        """Return the network's variant and those beside it, or all that run without expression."""
        if dataset in self.expressed:
            return [self.config["network"]["variant"], *self.config["network"]["beside"]]
        return [name for name in self.variants if set(self.features(name)) <= {"P"}]

    def own_models(self, dataset: str) -> list[Model]:
        """Return the forms of GT-GRN that stand for it on a data set."""
        return [(GTGRN, variant) for variant in self.own_variants(dataset)]

    @property
    def main_model(self) -> Model:
        """The model that ranks the final network."""
        return GTGRN, self.config["network"]["variant"]

    def trained_variants(self, dataset: str) -> list[str]:
        """Return the variants to train on a data set: those of all sets, and the ablations."""
        variants, ablations = self.own_variants(dataset), self.config["ablations"]
        own = dataset in self.expressed and dataset not in self.groups
        if own and self.of_card(dataset) in ablations["datasets"]:
            variants += ablations["variants"]
        return list(dict.fromkeys(variants))

    @property
    def peers(self) -> list[str]:
        """Supervised models of other groups."""
        return self.config["peers"]["methods"]

    @property
    def forms(self) -> list[str]:
        """Forms of the peers: published, repaired."""
        return self.config["peers"]["forms"]

    def peers_of(self, dataset: str, asked: bool = False) -> list[Model]:
        """Return a data set's peers with their forms; `asked` for by the target peers."""
        chosen = self.config["peers"]["datasets"]
        if dataset not in self.wholes(self.expressed):
            return []
        if (chosen or (chosen == [] and not asked)) and self.of_card(dataset) not in chosen:
            return []
        return [(peer, form) for peer in self.peers for form in self.forms]

    @property
    def single_peers(self) -> list[str]:
        """Data sets on which each peer is a job of its own."""
        return [] if self.config["peers"]["together"] else self.judged

    @property
    def joint_peers(self) -> list[str]:
        """Data sets on which one job trains all peers."""
        return self.judged if self.config["peers"]["together"] else []

    def peer_options(self, peer: str) -> dict[str, dict]:
        """Return the options of a peer by its forms."""
        options = self.config["peers"]["options"].get(peer, {})
        return {form: options.get(form, {}) for form in self.forms}

    def evaluated(self, dataset: str) -> list[Model]:
        """Return every supervised model of a data set."""
        return [(GTGRN, v) for v in self.trained_variants(dataset)] + self.peers_of(dataset)

    # Studies

    @cached_property
    def grids(self) -> dict[str, dict[str, dict]]:
        """Models of the study of hyper-parameters -> grid points by name."""
        tuning = self.config["tuning"]
        return {model: grid_points(tuning["grids"][model]) for model in tuning["models"]}

    @property
    def tuning_seeds(self) -> list[int]:
        """Seeds of the study of hyper-parameters."""
        return self.config["tuning"]["seeds"] or self.seeds

    @cached_property
    def feature_sets(self) -> dict[str, str]:
        """Rows of Table 6 -> variants; those that are trained for other targets come first."""
        return find_feature_sets(
            {name: self.variant_options(name) for name in self.variants},
            self.paper_variant,
            first=[*self.config["network"]["beside"], *self.config["ablations"]["variants"]],
        )

    def attention_models(self, dataset: str) -> list[Model]:
        """Return the models with attention that a data set's ranking of regulators reads."""
        own = [(GTGRN, self.paper_variant)] if self.paper_variant else []
        return own + [peer for peer in self.peers_of(dataset) if peer[0] in ("genelink", "gatv2")]

    def paper_models(self, dataset: str) -> list[Model]:
        """Return what the paper compares: GT-GRN and the peers."""
        trained = self.evaluated(dataset)
        compared = self.own_models(dataset) + self.peers_of(dataset)
        shown = [model for model in trained if model in compared]
        return shown or trained[:1]

    @property
    def link_prediction(self) -> list[str]:
        """Data sets that are judged on the paper's split."""
        return [name for name in self.supervised if self.main_split in self.schemes_of(name)]
