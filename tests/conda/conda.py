"""A stand-in for conda: what Snakemake asks of it, done by py-rattler.

conda itself is on none of the registries that are reached where this is tested. Solving, fetching,
linking and activation scripts are rattler's, which pixi and others are built on. Channels are
looked for below the address in CHANNEL_ALIAS, as conda's `channel_alias` says. What an
environment takes by pip is installed by the environment's pip from the wheels in the same place.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from rattler import Channel, ChannelConfig, VirtualPackage, install, solve
from rattler.shell import ActivationVariables, Shell, activate

ROOT = Path(__file__).resolve().parents[1]
PLACE = Path(os.environ["CHANNEL_ALIAS"])
ATTEMPTS = 5


async def solve_environment(content: dict) -> list:
    """Return the packages of an environment, in the order of their installation."""
    config = ChannelConfig(channel_alias=f"{PLACE.as_uri()}/")
    channels = [Channel(name, config) for name in content["channels"] if name != "nodefaults"]
    specs = [entry for entry in content["dependencies"] if isinstance(entry, str)]
    return await solve(
        sources=channels,
        specs=specs,
        platforms=["linux-64", "noarch"],
        virtual_packages=VirtualPackage.detect(),
    )


def create(file: Path, prefix: Path) -> None:
    """Make an environment, and an activation script beside conda's own files of it."""
    command = [sys.executable, __file__, "link", str(file), str(prefix)]
    for _ in range(ATTEMPTS):
        done = subprocess.run(command)
        if done.returncode >= 0:
            break
        # rattler's threads were seen to end the process by a fault of the memory; seldom.
        shutil.rmtree(prefix, ignore_errors=True)
    if done.returncode:
        sys.exit(f"{file} could not be made: {done.returncode}")
    content = yaml.safe_load(file.read_text())
    for wheels in (entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)):
        pip = [str(prefix / "bin/python"), "-m", "pip", "install", "--quiet", "--no-index"]
        where = ["--find-links", str(PLACE / "wheels"), "--no-compile"]
        subprocess.run([*pip, *where, *wheels], check=True)


def link(file: Path, prefix: Path) -> None:
    """Solve and link what is conda's of an environment, and write its activation script."""
    asyncio.run(build(yaml.safe_load(file.read_text()), prefix))
    script = activate(prefix, ActivationVariables(), Shell.bash).script
    prefix.joinpath("activate.sh").write_text(script)


async def build(content: dict, prefix: Path) -> None:
    """Solve and link."""
    records = await solve_environment(content)
    await install(records, prefix, cache_dir=PLACE / "cache", show_progress=False)


def main(arguments: list[str]) -> None:
    """Answer one of the commands that Snakemake gives."""
    if arguments[:2] == ["info", "--json"]:
        print(json.dumps({"conda_prefix": str(ROOT), "platform": "linux-64", "channels": []}))
    elif arguments == ["--version"]:
        print("conda 26.7.0")
    elif arguments[0] == "config":
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    elif arguments[0] == "clean":
        pass  # there are no archives to remove: packages are linked from the cache
    elif arguments[0] == "link":
        link(*map(Path, arguments[1:]))
    elif arguments[:2] == ["env", "create"]:
        parser = argparse.ArgumentParser()
        for flag in ("--quiet", "--no-default-packages"):
            parser.add_argument(flag, action="store_true")
        parser.add_argument("--file", type=Path)
        parser.add_argument("--prefix", type=Path)
        asked = parser.parse_args(arguments[2:])
        create(asked.file, asked.prefix)
    else:
        sys.exit(f"not among what Snakemake asks of conda: {arguments}")


if __name__ == "__main__":
    main(sys.argv[1:])
