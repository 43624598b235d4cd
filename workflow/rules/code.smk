"""Find the workflow's own code, and let it be what is imported, here and in the jobs."""

import os
import sys
from hashlib import sha256
from pathlib import Path
from shutil import rmtree


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


CODE = str(find_root() / "scripts")
sys.path.insert(0, CODE)

from gtgrn.compiled import renew_compiled
from gtgrn.jobs import name_own_package

# In conda environments Snakemake hides PYTHONPATH, and with it code that was fetched from a
# repository: we hide what else is on it ourselves.
WITH_CONDA = any(str(way) == "conda" for way in workflow.deployment_settings.deployment_method)
if WITH_CONDA:
    workflow.deployment_settings.conda_not_block_search_path_envvars = True
name_own_package(CODE, alone=WITH_CONDA)
renew_compiled()
