"""Load and check the configuration, plan the run, constrain the wildcards, hold the folder."""

import os
import re
import sys
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

from snakemake.exceptions import WorkflowError


def find_root():
    """Return the folder of the workflow's code and of what ships with it.

    Where Snakemake reads the workflow from a repository it fetches the files it is asked for,
    one by one: all that jobs need are then laid down in the user's folder, once for each state.
    """
    here = workflow.current_basedir.get_path_or_uri(secret_free=False)
    if (root := Path(here).parents[1]).joinpath("scripts/gtgrn").is_dir():
        return root
    names = Path(workflow.source_path("../shipped_files.txt")).read_text().split()
    files = {name: Path(workflow.source_path(f"../../{name}")).read_bytes() for name in names}
    digest = sha256(b"".join(name.encode() + text for name, text in files.items()))
    root = Path(".snakemake/gtgrn", digest.hexdigest()[:16]).absolute()
    if not root.is_dir():
        draft = root.with_name(f"{root.name}.{os.getpid()}")
        for name, text in files.items():
            draft.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            draft.joinpath(name).write_bytes(text)
        try:
            draft.rename(root)
        except OSError:  # another process was faster
            rmtree(draft)
    return root


# Of all packages called gtgrn the one beside this file is meant, here and in the jobs.
CODE = str(find_root() / "scripts")
sys.path.insert(0, CODE)
PATHS = [CODE, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(PATHS))
os.environ["GTGRN_CODE"] = CODE

from gtgrn.code import script_digest
from gtgrn.errors import InputError
from gtgrn.files import describe_os_error, sweep
from gtgrn.jobs import require_own_package
from gtgrn.manifest import announce_command
from gtgrn.plugins import METHODS, PEERS, SECTIONS, find_plugins
from gtgrn.config.settings import ENSEMBLES, variant_options
from gtgrn.config.card_names import Origins
from gtgrn.config.cards import cell_type_column
from gtgrn.config.locations import DOWNLOADS
from gtgrn.workflow.command import command_of_run
from gtgrn.workflow.command_line import check_config_files
from gtgrn.workflow.folder import hold_folder
from gtgrn.workflow.cell_groups import CellGroups
from gtgrn.workflow.files import Files, beside, given
from gtgrn.config.locations import DOWNLOADS, source_path
from gtgrn.config.source_cards import list_sources, load_sources
from gtgrn.names import CONTEXT_NULLS, EXPRESSION_NULL
from gtgrn.workflow.context import ContextFiles
from gtgrn.workflow.plan import make_plan
from gtgrn.workflow.studies import ORIGINAL_PEERS, PAPER_NUMBERS, StudyFiles

try:
    require_own_package()
    check_config_files([*BASE, *workflow.overwrite_configfiles])
    PLAN = make_plan(
        config,
        origins=Origins(
            workflow.config_settings.overwrite_config, workflow.config_settings.config
        ),
    )
except InputError as error:
    # One line for the user; a traceback through Snakemake would bury it.
    raise WorkflowError(str(error)) from None
except OSError as error:
    raise WorkflowError(describe_os_error(error)) from None
announce_command(sys.argv)
FILES, STUDIES, CONTEXT = Files(PLAN), StudyFiles(PLAN), ContextFiles(PLAN)
GROUPS = CellGroups(PLAN)
SEEDS, NULLS, GPUS = PLAN.seeds, CONTEXT.label_nulls, int(config["gpu"])
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


def hold():
    """Hold the folder for this run and clear it; a second run ends in one line."""
    try:
        hold_folder()
        sweep([workflow.pathvars.apply("<results>"), DOWNLOADS])
    except InputError as error:
        raise WorkflowError(str(error)) from None
    except OSError as error:
        raise WorkflowError(describe_os_error(error)) from None


def repeat_command():
    """Return the command that runs everything with the configuration of this run."""
    settings = workflow.config_settings
    return command_of_run(settings.configfiles, settings.config)


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


def scaled(amount):
    """Return a request, of memory in MB or time in minutes, that grows with each attempt."""

    def request(wildcards, attempt):
        return amount * attempt

    return request
