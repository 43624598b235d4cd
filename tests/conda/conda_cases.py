"""A machine with conda for tests: channels, the stand-in for conda, Snakemake and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from check_environments import read_environment
from make_channel import make_channels
from project_cases import HANG, ROOT, Project

ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
CONDA = Path(__file__).with_name("conda.py")
ACTIVATE = '. "$1/activate.sh"\n'
"""conda's own script makes sure of the same; Snakemake gives it the folder of an environment."""
DRIVER = {"channels": ["conda-forge"], "dependencies": ["snakemake"]}


@dataclass
class Machine:
    """A folder with `channels`, `root` (conda's own folder) and `driver`, which has Snakemake."""

    folder: Path

    def environment(self) -> dict[str, str]:
        """Return variables under which conda is the stand-in and no Python is in the way."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
        places = [str(self.folder / "root/bin"), *kept["PATH"].split(os.pathsep)]
        own = str(Path(sys.executable).parent)
        kept["PATH"] = os.pathsep.join(place for place in places if place != own)
        return {**kept, "CHANNEL_ALIAS": str(self.folder / "channels")}

    def conda(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the stand-in."""
        command = [str(self.folder / "root/bin/conda"), *arguments]
        return subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, timeout=HANG
        )

    def create(self, content: dict, prefix: Path) -> subprocess.CompletedProcess:
        """Make an environment as Snakemake has it made."""
        file = prefix.with_suffix(".yaml")
        file.write_text(yaml.safe_dump(content))
        return self.conda("env", "create", "--file", str(file), "--prefix", str(prefix))


def make_machine(folder: Path) -> Machine:
    """Write the channels with what the environments and Snakemake need, and make the driver."""
    machine = Machine(folder)
    environments = [read_environment(path) for path in ENVIRONMENTS]
    make_channels(folder / "channels", environments, ["snakemake"])
    bin_folder = folder / "root/bin"
    bin_folder.mkdir(parents=True)
    shutil.copy(CONDA, bin_folder / "conda.py")
    command = bin_folder / "conda"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} {bin_folder / "conda.py"} "$@"\n')
    command.chmod(0o755)
    (bin_folder / "activate").write_text(ACTIVATE)
    made = machine.create(DRIVER, folder / "driver")
    assert made.returncode == 0, made.stderr[-3000:]
    return machine


class WithConda(Project):
    """A project that is run by the driver, each rule in its environment."""

    machine: Machine

    def command(self, *arguments: str) -> list[str]:
        python = str(self.machine.folder / "driver/bin/python")
        places = ["--conda-prefix", str(self.machine.folder / "environments")]
        profile = ["--workflow-profile", "profiles/conda"]
        return [python, "-m", "snakemake", *profile, *places, *arguments]

    def environment(self, path: str = "") -> dict[str, str]:
        return self.machine.environment()
