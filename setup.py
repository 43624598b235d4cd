"""Lay out the installed package; everything else is in pyproject.toml.

`pip install .` is for those who call the package; the workflow's scripts find it beside them.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages("scripts"), "gtgrn.schemas"],
    package_dir={"": "scripts", "gtgrn.schemas": "workflow/schemas"},
)
