"""Lay out the installed package; everything else is in pyproject.toml.

A wheel carries the workflow in ``gtgrn/shipped``: what a deployment lays down (see
workflow/shipped_files.txt), the rules, profiles and environments. So ``gtgrn run`` works without
a clone. The workflow's scripts import the package that lies beside them there.
"""

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

TREES = ("workflow", "profiles", "envs", "config")
DEVELOPMENT = "# For development and tests alone."
"""Line of requirements.in behind which nothing is needed to run."""
ROOT = Path(__file__).parent


def shipped() -> list[str]:
    """Return the files that the workflow needs, relative to the repository."""
    names = (ROOT / "workflow/shipped_files.txt").read_text(encoding="utf-8").split()
    trees = [path for tree in TREES for path in (ROOT / tree).rglob("*") if path.is_file()]
    kept = [path for path in trees if "__pycache__" not in path.parts]
    # workflow/profiles is a link, which rglob does not follow; the Snakefile looks there.
    kept += [ROOT / "workflow" / p.relative_to(ROOT) for p in (ROOT / "profiles").glob("*/*.yaml")]
    return sorted({*names, *(path.relative_to(ROOT).as_posix() for path in kept)})


def requirements() -> list[str]:
    """Return what running needs. rpy2 is left out: it needs R or a variable when it is built."""
    needed = (ROOT / "requirements.in").read_text(encoding="utf-8").split(DEVELOPMENT)[0]
    lines = [line for line in needed.splitlines() if line and not line.startswith(("#", "rpy2"))]
    return sorted(set(lines))


class BuildWithWorkflow(build_py):
    """Copy the workflow beside the modules."""

    def run(self) -> None:
        """Build as always, then copy."""
        super().run()
        for name in shipped():
            target = Path(self.build_lib, "gtgrn/shipped", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            self.copy_file(str(ROOT / name), str(target))


setup(
    packages=find_packages("scripts"),
    package_dir={"": "scripts"},
    install_requires=requirements(),
    cmdclass={"build_py": BuildWithWorkflow},
)
