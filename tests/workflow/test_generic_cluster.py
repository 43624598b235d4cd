"""A scheduler other than SLURM: the profile gives each job to a script of the site."""

from __future__ import annotations

import importlib.util

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not importlib.util.find_spec("snakemake_executor_plugin_cluster_generic"),
        reason="snakemake-executor-plugin-cluster-generic is not installed",
    ),
]
SUBMIT = """#!/bin/sh
echo "$1 $2 $3 $4 $(basename "$5")" >> submitted.txt
sh "$5" > "$5.log" 2>&1 &
echo $!
"""
NETWORK = "results/tiny/networks/{}.tsv.gz"


def test_jobs_are_given_to_the_sites_script_with_what_their_rules_state(tiny):
    script = tiny.folder / "submit.sh"
    script.write_text(SUBMIT)
    script.chmod(0o755)
    profile = ["--workflow-profile", "profiles/cluster-generic", "--latency-wait", "5"]
    names = [NETWORK.format(method) for method in ("pearson", "random")]
    run = tiny.snakemake(*profile, "--", *names)
    assert run.returncode == 0, run.stdout[-3000:]
    assert all((tiny.folder / name).is_file() for name in names)
    submitted = (tiny.folder / "submitted.txt").read_text().splitlines()
    asked = {line.split(".")[1]: line.split()[:4] for line in submitted}
    assert asked == {
        "preprocess_expression": ["4000", "60", "1", "0"],
        "infer_pearson": ["4000", "720", "1", "0"],
        "infer_random": ["4000", "720", "1", "0"],
    }
