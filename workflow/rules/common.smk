"""Load and check the configuration, plan the run, constrain the wildcards, hold the folder."""

import os
import re
import sys

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import Quietness


from gtgrn.code import script_digest
from gtgrn.config.card_names import Origins
from gtgrn.config.cards import cell_type_column
from gtgrn.config.locations import DOWNLOADS, source_path
from gtgrn.config.settings import ENSEMBLES, variant_options
from gtgrn.config.source_cards import list_sources, load_sources
from gtgrn.errors import InputError
from gtgrn.files import describe_os_error, sweep
from gtgrn.jobs import require_own_package
from gtgrn.manifest import announce_command
from gtgrn.names import CONTEXT_FEATURES_NULL, CONTEXT_NULLS, EXPRESSION_NULL
from gtgrn.plugins import METHODS, PEERS, SECTIONS, find_plugins
from gtgrn.training.gpu_locks import DETERMINISTIC
from gtgrn.workflow.cell_groups import CellGroups
from gtgrn.workflow.command import command_of_run
from gtgrn.workflow.command_line import check_config_files
from gtgrn.workflow.context import ContextFiles
from gtgrn.workflow.files import Files, beside, given
from gtgrn.workflow.folder import hold_folder, require_no_earlier_jobs
from gtgrn.workflow.params import of_dataset, one_of, scaled, trained_with, without
from gtgrn.workflow.perturbing import check_perturbed
from gtgrn.workflow.plan import make_plan
from gtgrn.workflow.studies import ORIGINAL_PEERS, PAPER_NUMBERS, StudyFiles


def refuse(error):
    """Return what ends the run in one line; it is printed where -q all would swallow it."""
    # A traceback through Snakemake would bury the line.
    line = str(error) if isinstance(error, InputError) else describe_os_error(error)
    if Quietness.ALL in (workflow.output_settings.quiet or ()):
        print(line, file=sys.stderr)
    return WorkflowError(line)


try:
    require_own_package()
    check_config_files([*BASE, *workflow.overwrite_configfiles])
    PLAN = make_plan(
        config,
        origins=Origins(
            workflow.config_settings.overwrite_config, workflow.config_settings.config
        ),
    )
    check_perturbed(PLAN.listed)
except (InputError, OSError) as error:
    raise refuse(error) from None
announce_command(sys.argv)
os.environ[DETERMINISTIC] = str(int(config["deterministic"]))
FILES, STUDIES, CONTEXT = Files(PLAN), StudyFiles(PLAN), ContextFiles(PLAN)
GROUPS = CellGroups(PLAN)
SEEDS, NULLS, GPUS = PLAN.seeds, CONTEXT.label_nulls, int(config["gpu"])
# The network that people take away is made before all that only judges or compares.
NETWORK = 80
MODEL_OUTPUTS = {
    "scores": "scores.tsv.gz",
    "embedding": "embedding.h5ad",
    "messages": "messages.tsv.gz",
    "exposure": "exposure.tsv",
    "history": "history.tsv",
    "checkpoint": "checkpoint.pt",
}


wildcard_constraints:
    dataset="|".join(map(re.escape, PLAN.datasets)),
    split="|".join(dict.fromkeys([*PLAN.schemes, *CONTEXT.curve])),
    seed=r"\d+",
    variant="|".join(PLAN.variants),


def hold():
    """Hold the folder for this run and clear it; a second run ends in one line."""
    try:
        hold_folder()
        require_no_earlier_jobs()
        sweep([workflow.pathvars.apply("<results>"), DOWNLOADS])
    except (InputError, OSError) as error:
        raise refuse(error) from None


def repeat_command():
    """Return the command that runs everything with the configuration of this run."""
    settings = workflow.config_settings
    return command_of_run(settings.configfiles, settings.config, workflow.main_snakefile)


def code(script, kind=None, names=()):
    """Return the digest of a script and all that it imports, so that an edit reruns its rules.

    What a script loads by name is given as a kind of plug-in and the names of that kind.
    """
    return script_digest(script, *(find_plugins(kind)[name].module for name in names))


def get_card(wildcards):
    """Return the card of a data set, without what only names it or says what is made of it."""
    beside_data = ("groups", "compare", "perturb", "context", "title", "citation", "licence")
    return without(PLAN.datasets[wildcards.dataset], *beside_data)


def get_method_params(method, script):
    """Return the params of a rule that runs an expression-only method."""
    return {
        "method": method,
        "options": config["inference"]["options"].get(method, {}),
        "seed": config["inference"]["seed"],
        "code": code(script, METHODS, [method]),
    }


def get_peer_outputs(*peers):
    """Return the outputs of a job that trains peers: each kind, for each peer and form."""
    folder = "<results>/{{dataset}}/models/{model}/{form}/{{split}}/seed{{seed}}"
    return {
        kind: collect(f"{folder}/{name}", model=peers, form=PLAN.forms)
        for kind, name in MODEL_OUTPUTS.items()
    }


def of_network(wildcards):
    """Return the priority of a model: that of the network, if it ranks it."""
    ranks = wildcards.variant == PLAN.main_model[1] and wildcards.split == PLAN.main_split
    return NETWORK if ranks else 0
