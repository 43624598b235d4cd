"""The configuration: checks that hold between keys, and the options of a variant.

Like the cards, this is read at every start of Snakemake and imports nothing heavy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from gtgrn.config.card_names import (
    CONFIG,
    NO_ORIGINS,
    Origins,
    card_names,
    check_known,
    holds,
    settle_cards,
)
from gtgrn.config.grids import grid_points
from gtgrn.config.locations import check_path, schema_path, where_it_is
from gtgrn.config.option_reader import method_schema, peer_schema
from gtgrn.config.options import grid_section
from gtgrn.config.validation import (
    check,
    check_document,
    read_schema,
)
from gtgrn.config.walked_networks import settle_walked
from gtgrn.errors import InputError
from gtgrn.names import EDGES, TRANSFER
from gtgrn.plugins import METHODS, PEERS, SECTIONS, find_plugins

SCHEMA = schema_path("config.schema.yaml")
ENSEMBLES = ("borda", "mean_rank", "log_rank")
"""Networks that are made of those of all methods."""
PAPER, FULL = "paper", "full"
"""Forms of GT-GRN; the section gtgrn holds the options of the first."""
EXPRESSION = "X"
"""Modality of the form full that stands for the expression matrix."""
FULL_SET = "PGE"
FEATURE_SETS = ("P", "G", "E", "PG", "PE", "GE", FULL_SET)
"""Table 6 of the paper: positional (P), global (G) and expression (E) embeddings."""
VARIED, NO_CONTROL = ("features", "control"), "none"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{,99}")


def check_settings(
    config: dict,
    methods: Collection[str],
    peers: Collection[str],
    cards: Collection[str] = (),
    origins: Origins = NO_ORIGINS,
) -> None:
    """Check the merged configuration and fill in its defaults, in place.

    Parameters
    ----------
    config
        Snakemake's merged configuration.
    methods
        Names of the expression-only methods that have a rule.
    peers
        Names of the supervised peers that have a rule.
    cards
        Names of the cards that are there; see :func:`settle_cards`.
    origins
        Where the keys were set.

    Raises
    ------
    InputError
        Naming the first key that is wrong, and the remedy.
    """
    stated = holds(config, ("walks", "networks"))
    check(config, SCHEMA, file=CONFIG, command_line=True)
    check_known("inference.methods", config["inference"]["methods"], methods)
    check_known("inference.options", config["inference"]["options"], methods)
    before = origins.of("walks", "networks") < origins.of("inference", "methods")
    settle_walked(config, methods, before or not stated)
    check_known("peers.methods", config["peers"]["methods"], peers)
    check_known("peers.options", config["peers"]["options"], peers)
    check_known("tuning.models", config["tuning"]["models"], ["gtgrn", *peers])
    check_known("tuning.grids", config["tuning"]["grids"], ["gtgrn", *peers])
    for model in config["tuning"]["models"]:
        check_known("tuning.grids", [model], config["tuning"]["grids"])
    check_plugin_options(config)
    settle_cards(config, cards, origins)
    check_known("ablations.variants", config["ablations"]["variants"], config["variants"])
    studies = [str(s.trait("STUDY", s.name)) for s in find_plugins(SECTIONS).values()]
    check_known("report.studies", config["report"]["studies"], studies)
    _check_third_party(config, methods)
    check_known("network.variant", [config["network"]["variant"]], config["variants"])
    check_known("network.beside", config["network"]["beside"], config["variants"])
    context = config["context"]
    check_known("context.ablation", context["ablation"], config["variants"])
    if context["without"] is not None:
        check_known("context.without", [context["without"]], config["variants"])
    _check_fractions(config["splits"]["edges"])
    _heads_divide("bert", config["bert"])
    for name in config["variants"]:
        _check_variant(f"variants.{name}", variant_options(config, name))
    _check_grid(config)


def _check_fractions(fractions: dict) -> None:
    """Check that the parts of a split make up the whole."""
    total = sum(fractions.values())
    if abs(total - 1) > 1e-6:
        raise InputError(
            f"the fractions sum to {total:g}, not 1",
            file=CONFIG,
            field="splits.edges",
            remedy="Correct train, val or test",
        )


def _check_variant(field: str, options: dict) -> None:
    """Check what holds between the options of a variant."""
    _heads_divide(field, options)
    if options["form"] == PAPER and options["degree_prior"] and options["hide"] == 0:
        raise InputError(
            "without hidden pairs the degree prior would count the very edge it predicts",
            file=CONFIG,
            field=f"{field}.hide",
            remedy="Set hide above 0, or degree_prior to false",
        )
    if options["form"] == FULL and options["ensemble"] == 0 and options["process_weight"] == 0:
        raise InputError(
            "neither a network nor the Gaussian process is left",
            file=CONFIG,
            field=f"{field}.ensemble",
            remedy="Set ensemble or process_weight above 0",
        )


def _check_grid(config: dict) -> None:
    """Check that each point of GT-GRN's grid gives options that a variant could have."""
    tuning, variant = config["tuning"], paper_variant(config)
    default = read_schema(SCHEMA)["properties"]["tuning"]["properties"]["grids"]["default"]
    # The paper's own grid was not chosen here: a run of another width must not stop at it.
    if "gtgrn" not in tuning["models"] or variant is None or tuning["grids"] == default:
        return
    base = variant_options(config, variant)
    for point, options in grid_points(tuning["grids"]["gtgrn"]).items():
        try:
            _check_variant("tuning.grids.gtgrn", {**base, **options})
        except InputError as error:
            raise InputError(
                f"in the point {point}, {error.problem}",
                file=CONFIG,
                field=error.field,
                remedy=error.remedy,
            ) from None


def check_plugin_options(config: dict) -> None:
    """Check the options of methods and peers that the schema does not know, in place.

    The schema holds what this package ships. A module that was added to a plug-in folder is read
    as text, so that nothing it imports is imported now.

    Parameters
    ----------
    config
        A configuration that holds to the schema.

    Raises
    ------
    InputError
        Naming the first option that is wrong, and the remedy.
    """
    known = read_schema(SCHEMA)["properties"]
    for section, kind, read in (
        ("inference", METHODS, method_schema),
        ("peers", PEERS, peer_schema),
    ):
        shipped = known[section]["properties"]["options"]["properties"]
        for name, plugin in find_plugins(kind).items():
            own = config[section]["options"]
            if name not in shipped and name in own:
                check_document(
                    own[name], read(plugin.path), file=CONFIG, within=f"{section}.options.{name}"
                )
    shipped = known["tuning"]["properties"]["grids"]["properties"]
    for name, plugin in find_plugins(PEERS).items():
        grid, options = config["tuning"]["grids"].get(name), peer_schema(plugin.path)
        form = options.get("properties", {}).get(config["tuning"]["form"])
        if name not in shipped and grid is not None and form is not None:
            schema = grid_section(form["properties"], "Values to try.")
            check_document(grid, schema, file=CONFIG, within=f"tuning.grids.{name}")


def _check_third_party(config: dict, methods: Collection[str]) -> None:
    for name, source in config["third_party"].items():
        field = f"third_party.{name}"
        if not NAME.fullmatch(name) or name in {*methods, *ENSEMBLES}:
            strange = "has characters other than letters, digits and underscores"
            raise InputError(
                "is the name of a method here" if NAME.fullmatch(name) else strange,
                file=CONFIG,
                field=field,
                remedy="Choose another name of letters, digits and underscores",
            )
        check_known(f"{field}.dataset", [source["dataset"]], card_names(config))
        check_path(source["path"], file=CONFIG, field=f"{field}.path")
        if not Path(source["path"]).is_file():
            raise InputError(
                f"file '{source['path']}' not found",
                file=CONFIG,
                field=f"{field}.path",
                remedy=where_it_is(source["path"]),
            )


def check_sources(config: dict, datasets: Collection[str]) -> None:
    """Check that transfers and GATv2 studies are between data sets of this run.

    Parameters
    ----------
    config
        The checked configuration.
    datasets
        Names of the data sets, replicates of a simulation among them.

    Raises
    ------
    InputError
        Naming the key and the remedy.
    """
    sources = config["splits"]["sources"]
    for name, chosen in config["gatv2"]["expression"].items():
        check_known(f"gatv2.expression.{name}", chosen, datasets)
    field = "splits.sources"
    check_known(field, sources, datasets)
    for name, source in sources.items():
        check_known(f"{field}.{name}", [source], [other for other in datasets if other != name])
    if TRANSFER in config["splits"]["schemes"] and not sources:
        raise InputError(
            "is empty, but the scheme transfer needs it",
            file=CONFIG,
            field=field,
            remedy="Name the data set to train on: '{tested data set: its source}'",
        )
    main = main_split(config)
    if main == TRANSFER or "_" in main:
        raise InputError(
            f"{main} comes first, but the final network is made on edges or else the first scheme",
            file=CONFIG,
            field="splits.schemes",
            remedy=f"Add {EDGES}, or put another scheme first",
        )


def main_split(config: dict) -> str:
    """Return the split of the final network and of the paper's tables.

    It is ``edges``, in which every regulator and gene is trained on, where the run has it, and
    else the first one.
    """
    schemes = config["splits"]["schemes"]
    return EDGES if EDGES in schemes else schemes[0]


def parse_scheme(name: str) -> tuple[str, float]:
    """Return the scheme of a name and the share of its train pairs to keep.

    ``edges_25`` is ``edges`` with a quarter of its train pairs: a point of a learning curve.
    """
    scheme, _, percent = name.partition("_")
    return scheme, int(percent) / 100 if percent else 1.0


def variant_options(config: dict, variant: str) -> dict:
    """Return the section of the variant's form with the variant's own keys on top, and the form.

    A control of the form full also loses the symbols of genes, which are no expression.
    """
    own = config["variants"][variant]
    form = own.get("form", PAPER)
    options = {**config["gtgrn" if form == PAPER else "full"], **own, "form": form}
    if form == FULL and options["control"] != "none":
        options["symbols"] = False
    return options


def paper_variant(config: dict) -> str | None:
    """Return the variant whose attention is read and whose grid is searched.

    It is of the form paper: the network's own, else the first of those beside it, else any;
    None without such a form.
    """
    network = config["network"]
    for name in [network["variant"], *network["beside"], *config["variants"]]:
        if variant_options(config, name)["form"] == PAPER:
            return name
    return None


def find_feature_sets(
    options: Mapping[str, Mapping], base: str | None, first: Iterable[str] = ()
) -> dict[str, str]:
    """Find the variants that differ from one in their features, or in a control, alone.

    Parameters
    ----------
    options
        Variant -> all its options.
    base
        The variant of which the others are ablations; None finds none.
    first
        Variants that are trained anyhow: taken before others that are the same.

    Returns
    -------
    dict
        ``P`` ... ``PGE``, and a control such as ``random`` with all features -> variant, where
        there is one.
    """
    if base is None:
        return {}
    rest = {
        name: {key: value for key, value in own.items() if key not in VARIED}
        for name, own in options.items()
    }
    found: dict[str, str] = {}
    for name in [*(name for name in first if name in options), *options]:
        if rest[name] != rest[base]:
            continue
        features = "".join(sorted(options[name]["features"], key=FULL_SET.index))
        control = options[name].get("control", NO_CONTROL)
        if control == NO_CONTROL:
            found.setdefault(features, name)
        elif features == FULL_SET:
            found.setdefault(control, name)
    return found


def imputation_counterparts(config: dict, datasets: dict[str, dict]) -> dict[str, dict]:
    """Return each data set once more with its imputation turned round.

    Parameters
    ----------
    config
        The checked configuration.
    datasets
        Data set -> card. Simulated ones have none: nothing is imputed there.

    Returns
    -------
    dict
        ``<data set>-magic_on`` or ``<data set>-magic_off`` -> card; empty if the section paper
        asks for none.
    """
    if config["paper"]["imputation"] is None:
        return {}
    found = {}
    for name, card in datasets.items():
        if card["expression"]["format"] == "simulation":
            continue
        own = card.get("preprocess", {})
        magic = not {**config["preprocess"], **own}["magic"]
        found[f"{name}-magic_{'on' if magic else 'off'}"] = {
            **card,
            "preprocess": {**own, "magic": magic},
        }
    return found


def _heads_divide(field: str, options: dict) -> None:
    if options["dimensions"] % options["heads"]:
        raise InputError(
            f"{options['heads']} heads do not divide {options['dimensions']} dimensions",
            file=CONFIG,
            field=f"{field}.heads",
            remedy="Choose a divisor",
        )
