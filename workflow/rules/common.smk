"""Load and check the configuration, plan the run, constrain the wildcards, hold the folder."""

import fcntl
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir).parent / "scripts"))

from gtgrn.code import script_digest
from gtgrn.errors import InputError
from gtgrn.plugins import METHODS, PEERS, SECTIONS, find_plugins
from gtgrn.config.settings import ENSEMBLES, variant_options
from gtgrn.config.cards import cell_type_column
from gtgrn.workflow.files import Files
from gtgrn.workflow.plan import make_plan
from gtgrn.workflow.studies import ORIGINAL_PEERS, PAPER_NUMBERS, StudyFiles
from snakemake.exceptions import WorkflowError

try:
    PLAN = make_plan(config)
except InputError as error:
    # One line for the user; a traceback through Snakemake would bury it.
    raise WorkflowError(str(error)) from None
FILES, STUDIES = Files(PLAN), StudyFiles(PLAN)
SEEDS, NULLS = PLAN.seeds, config["nulls"]
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
    split="|".join(PLAN.schemes),
    seed=r"\d+",
    variant="|".join(PLAN.variants),


def hold_folder():
    """Let one run work in this folder, and stop a second with one line.

    Snakemake's own lock (off in the profiles) outlives a killed run and must be removed by
    hand; the kernel drops this one with the process that holds it.
    """
    global FOLDER_LOCK
    FOLDER_LOCK = open(".snakemake/gtgrn.lock", "w")
    try:
        fcntl.flock(FOLDER_LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WorkflowError("Another run is at work in this folder. Wait for it, or end it.")


def code(script, kind=None, names=()):
    """Return the digest of a script and all that it imports, so that an edit reruns its rules.

    What a script loads by name is given as a kind of plug-in and the names of that kind.
    """
    return script_digest(script, *(find_plugins(kind)[name].module for name in names))


def of_dataset(function):
    """Return an input or params function that calls `function` with the job's data set."""
    return lambda wildcards: function(wildcards.dataset)


def get_card(wildcards):
    """Return the card of a data set, without what only says what is made of its cells."""
    return without(PLAN.datasets[wildcards.dataset], "groups", "compare")


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


def without(section, *keys):
    """Return a section of the configuration without some keys."""
    return {key: value for key, value in section.items() if key not in keys}


def one_of(names):
    """Return a pattern for a wildcard that is one of some names; without any it matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


def scaled_memory(mb):
    """Return a memory request in MB that grows with each attempt."""

    def request(wildcards, attempt):
        return mb * attempt

    return request
