"""Hold the conda environments of the rules against the code, the lock and the channels.

`make lint` runs this. Each rule's environment must provide what its script imports, itself and
through the package, and nothing that no script of it imports. Each package must be one that a
channel of the environment carries (`conda_channels.tsv` beside this script says what was read
where), and each constraint must let in the release of requirements.lock and one that is carried.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from third_party import Reach

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from gtgrn.plugins import METHODS, PEERS, SECTIONS, find_plugins  # noqa: E402

LOCKS = ("requirements.lock", "locks/torch.lock")
CARRIED = Path(__file__).with_name("conda_channels.tsv")
CALLED = {
    "decoupler": "decoupler-py",
    "igraph": "python-igraph",
    "magic": "magic-impute",
    "matplotlib": "matplotlib-base",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""What is imported -> the conda package, where they have different names."""
BROUGHT = {"joblib": "scikit-learn", "llvmlite": "numba", "markupsafe": "jinja2"}
"""What is imported -> the package that always brings it."""
BESIDE = {
    "python": {"python"},
    "pip": {"torch", "dgl", "powerlaw"},
    "python-igraph": {"scanpy"},
    "r-base": {"rpy2"},
    "r-parmigene": {"rpy2"},
    "r-infotheo": {"rpy2"},
    "r-c3net": {"rpy2"},
    "r-bc3net": {"rpy2"},
    "bioconductor-minet": {"rpy2"},
}
"""A package that no code of ours imports -> those that use it."""
ON_PYPI = {"matplotlib-base": "matplotlib", "python-igraph": "igraph", "decoupler-py": "decoupler"}
NOT_ON_PYPI = re.compile(r"python|pip|r-.+|bioconductor-.+")
DYNAMIC = re.compile(r"trait\(['\"]ENVIRONMENT['\"], ['\"](\w+)['\"]\)")


@dataclass(frozen=True)
class Use:
    """A rule's use of an environment: its script, and modules that it loads by name."""

    rule: str
    script: str
    environment: str
    plugins: tuple[str, ...] = ()


@dataclass
class Environment:
    """A file of envs/: its channels, and package -> constraint, of conda's and of pip's."""

    name: str
    channels: list[str]
    packages: dict[str, str]
    wheels: dict[str, str]


def find_uses(folder: Path) -> Iterator[Use]:
    """Yield the uses that the rules in a folder make of environments."""
    known: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob("*.smk")):
        text = path.read_text()
        for block in re.split(r"^(?= *(?:use )?rule\b)", text, flags=re.MULTILINE)[1:]:
            name = re.search(r'rule (\w+)(?: as (\w+))?|name:\s+f?"?([^\s",]+)', block)
            label = name[2] or name[1] or name[3]
            script, environment = known.get(name[1] or "", ("", ""))
            script = found[1] if (found := re.search(r"scripts/(\w+\.py)", block)) else script
            found = re.search(r'envs/(.+)\.yaml"', block)
            environment = found[1] if found else environment
            known[label] = script, environment
            if script:
                yield from _expand(label, script, environment, block, text)


def _expand(rule: str, script: str, environment: str, block: str, text: str) -> Iterator[Use]:
    """Yield a use for each plug-in where they choose the environment, else one with all."""
    loaded = re.search(r"\b(METHODS|PEERS|SECTIONS)\b", block)
    kind = {"METHODS": METHODS, "PEERS": PEERS, "SECTIONS": SECTIONS}.get(
        loaded[1] if loaded else ""
    )
    if "get_method_params" in block:
        kind = METHODS
    plugins = find_plugins(kind) if kind else {}
    if "{" not in environment:
        yield Use(rule, script, environment, tuple(p.module for p in plugins.values()))
        return
    usual = DYNAMIC.search(text)[1]
    for plugin in plugins.values():
        chosen = str(plugin.trait("ENVIRONMENT", usual))
        yield Use(rule.replace("{method}", plugin.name), script, chosen, (plugin.module,))


def read_environment(path: Path) -> Environment:
    """Return what a file of envs/ asks for."""
    content = yaml.safe_load(path.read_text())
    packages, wheels = {}, {}
    for entry in content["dependencies"]:
        if isinstance(entry, dict):
            wheels |= dict(line.split("==") for line in entry["pip"])
        else:
            name, _, constraint = entry.partition(" ")
            packages[name] = constraint.strip()
    return Environment(path.stem, content["channels"], packages, wheels)


def read_carried(text: str) -> dict[str, dict[str, str]]:
    """Return the table of what channels carry by package."""
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return {row[0]: dict(zip(lines[0], row, strict=True)) for row in lines[1:]}


def read_lock(text: str) -> dict[str, str]:
    """Return name -> version of a lock."""
    pins = re.findall(r"^([\w.-]+)==([^\s\\;]+)", text, flags=re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in pins}


def lets_in(constraint: str, version: str) -> bool:
    """Tell whether conda's constraint (`=1.2` is any 1.2, or a range) lets in a release."""
    if re.match(r"=[^=]", constraint):
        pin = constraint[1:]
        return version == pin or version.startswith(f"{pin}.")
    return Version(version) in SpecifierSet(constraint)


def check_imports(environment: Environment, uses: list[Use], scripts: Path) -> list[str]:
    """Say what scripts import that their environment lacks, and what it has for nothing."""
    wanted: set[str] = set()
    complaints = []
    provided = environment.packages.keys() | environment.wheels.keys()
    for use in uses:
        reach = Reach(scripts).follow(scripts / use.script, use.plugins)
        names = {name: CALLED.get(name, name) for name in [*reach.needed, *reach.optional]}
        wanted |= {*names.values(), *(BROUGHT.get(name, name) for name in names)}
        for name, place in reach.needed.items():
            if not {names[name], BROUGHT.get(name)} & provided:
                complaints.append(
                    f"envs/{environment.name}.yaml lacks {names[name]}, which rule {use.rule} "
                    f"imports ({place})"
                )
    for name in sorted(provided - wanted):
        if not BESIDE.get(name, set()) & (wanted | {name}):
            complaints.append(
                f"envs/{environment.name}.yaml has {name}, which none of its rules imports"
            )
    return complaints


def check_pins(
    environment: Environment, lock: dict[str, str], carried: dict[str, dict[str, str]]
) -> list[str]:
    """Say which packages no channel carries, and which constraints fit none or not the lock."""
    where, complaints = f"envs/{environment.name}.yaml", []
    for name, constraint in environment.packages.items():
        record = carried.get(name)
        if record is None or record["channel"] not in environment.channels:
            of = f"is on {record['channel']}" if record else "is on no channel that was read"
            complaints.append(f"{where}: {name} {of}; its channels are {environment.channels}")
        elif not any(lets_in(constraint, release) for release in record["releases"].split()):
            complaints.append(
                f"{where}: {name} {constraint} lets in nothing that {record['channel']} was seen "
                f"to carry ({record['releases']})"
            )
        locked = lock.get(ON_PYPI.get(name, name).lower())
        if NOT_ON_PYPI.fullmatch(name):
            continue
        if locked is None:
            complaints.append(f"{where}: {name} is not in requirements.lock")
        elif not constraint or not lets_in(constraint, locked):
            complaints.append(
                f"{where}: {name} {constraint} does not say what the lock does, {locked}"
            )
    for name, version in environment.wheels.items():
        if lock.get(name) != version:
            complaints.append(f"{where}: {name}=={version} of pip, locked is {lock.get(name)}")
    return complaints


def check(root: Path = ROOT, name: str = "*") -> tuple[list[str], str]:
    """Return complaints of environments by name, and how much of the table was read."""
    uses = list(find_uses(root / "workflow/rules"))
    lock = {}
    for path in LOCKS:
        lock |= read_lock((root / path).read_text())
    carried = read_carried(CARRIED.read_text())
    complaints = []
    for path in sorted((root / "envs").glob(f"{name}.yaml")):
        environment = read_environment(path)
        own = [use for use in uses if use.environment == environment.name]
        complaints += check_imports(environment, own, root / "scripts")
        complaints += check_pins(environment, lock, carried)
    unread = [name for name, record in carried.items() if not record["source"]]
    said = f"{len(uses)} uses of environments; {len(carried)} packages of channels, "
    return complaints, said + f"{len(unread)} of them not read: {', '.join(unread) or 'none'}"


if __name__ == "__main__":
    found, counted = check()
    print("\n".join([*dict.fromkeys(found), counted]))
    sys.exit(bool(found))
