"""What runs again after an edit: what depends on it, and nothing else."""

from __future__ import annotations

import copy
import re

import pytest
import yaml
from gtgrn.code import PACKAGE, SCRIPTS
from import_cases import reached_by, read_imports
from project_cases import TINY, Project

pytestmark = pytest.mark.slow


def test_a_second_run_does_nothing_and_a_touched_rule_reruns_what_depends_on_it(finished):
    again = finished.snakemake("--cores", "2")
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout
    forced = finished.snakemake("-n", "-R", "train_gtgrn")
    counted = set(re.findall(r"^(\w+) +\d+$", forced.stdout, flags=re.MULTILINE))
    assert counted == {
        *["all", "train_gtgrn", "evaluate_split", "build_network", "collect_metrics"],
        *["collect_runtime", "build_report", "describe_networks", "audit_leakage", "total"],
    }


EDITED = [
    "errors",
    "config.cards",
    "data.preprocessing",
    "training.progress",
    "splits.leakage",
    "splits.schemes",
    "inference.run",
    "inference.trees.forest",
    "inference.consensus",
    "inference.methods.pearson",
    "evaluation.metrics",
    "evaluation.summaries",
    "models.gtgrn.two_role",
    "models.nulls.label_features",
    "embeddings.bert",
    "network.ranking",
    "report.page",
]


@pytest.fixture(scope="module")
def starts(finished):
    """Rule -> the files from which its jobs start: its script, and a method's own module."""
    found = {}
    for rules in (finished.folder / "workflow/rules").glob("*.smk"):
        for block in re.split(r"^(?=rule |use rule )", rules.read_text(), flags=re.MULTILINE):
            name = re.match(r"rule (\w+):", block)
            script = re.search(r"scripts/(\w+\.py)", block)
            if name and script:
                found[name[1]] = [SCRIPTS / script[1]]
    for method in ("genie3", "grnboost2", "clr", "pearson", "random"):
        module = PACKAGE / f"inference/methods/{method}.py"
        found[f"infer_{method}"] = [SCRIPTS / "infer_network.py", module]
        found[f"gather_{method}"] = [SCRIPTS / "gather_shards.py"]
    for rule in ("measure_stability", "build_report"):
        kind = {"measure_stability": "inference/methods", "build_report": "report/sections"}[rule]
        chosen = TINY["inference"]["methods"] if rule == "measure_stability" else ["*"]
        for pattern in chosen:
            found[rule] += PACKAGE.joinpath(kind).glob(f"{pattern}.py")
    return found


@pytest.fixture(scope="module")
def planned(finished):
    """Names of all rules that a run from the beginning would start."""
    plan = finished.snakemake("-n", "-F").stdout
    return set(re.findall(r"^(?:local)?rule (\w+):", plan, flags=re.MULTILINE)) - {"all"}


def test_every_rule_with_a_script_has_its_digest(planned, starts):
    assert len(planned) > 20
    assert planned <= starts.keys()


@pytest.mark.parametrize("name", EDITED)
def test_an_edit_of_a_module_reruns_the_rules_whose_script_reaches_it(
    finished, starts, planned, name
):
    imports = read_imports()
    file = PACKAGE / f"{name.replace('.', '/')}.py"
    module = finished.folder / "scripts" / file.relative_to(SCRIPTS)
    text = module.read_bytes()
    try:
        module.write_bytes(text + b"\n# edited\n")
        dry = finished.snakemake("-n").stdout
    finally:
        module.write_bytes(text)
    jobs = re.split(r"^(?=(?:local)?rule \w+:)", dry, flags=re.MULTILINE)[1:]
    rerun = {re.match(r"(?:local)?rule (\w+):", job)[1]: job for job in jobs}
    changed = {rule for rule, job in rerun.items() if "Params have changed" in job}
    expected = {
        rule for rule in planned & starts.keys() if file in reached_by(imports, *starts[rule])
    }
    # What reruns anyhow, since its input does, is not asked whether its own code has changed.
    assert changed
    assert changed <= expected <= rerun.keys()


PAGE = {"collect_runtime", "build_report"}
JUDGED = {"evaluate_split", "describe_networks", "audit_leakage", "collect_metrics", *PAGE}
"""What follows new scores of a model or a network."""
TRAINED = {"train_gtgrn", *JUDGED}
FINAL = {"build_network"}
SPLIT = {"draw_split", "encode_positions", "score_nulls", *TRAINED, *FINAL}
CONFIGURATION, CARD = "config/config.yaml", "config/datasets/tiny.yaml"
NO_INPUTS = ["--rerun-triggers", "mtime", "params", "code", "software-env"]
SHARDED = {f"{kind}_{name}" for kind in ("infer", "gather") for name in ("genie3", "grnboost2")}
FROM_NETWORKS = {
    *["combine_networks", "sample_walks", "train_bert", "measure_stability", *TRAINED, *FINAL]
}
DEVICES = {section: {"device": "cpu"} for section in ("bert", "vae", "gtgrn", "full")}
EDITS = {
    # edit: (file, changes, arguments, rules that run again)
    "a key of a variant that ablates": (
        CONFIGURATION, {"variants": {"E": {"epochs": 21}}}, [], TRAINED,
    ),
    "a key of the form full": (CONFIGURATION, {"full": {"epochs": 21}}, [], TRAINED | FINAL),
    "an option of a method": (
        CONFIGURATION,
        {"inference": {"options": {"genie3": {"n_estimators": 11}}}},
        [],
        {"infer_genie3", "gather_genie3", *FROM_NETWORKS},
    ),
    "the embedding of expression": (
        CONFIGURATION, {"vae": {"epochs": 4}}, [], {"train_vae", *TRAINED},
    ),
    "shares of the split": (
        CONFIGURATION,
        {"splits": {"edges": {"train": 0.6, "val": 0.2, "test": 0.2}}},
        [],
        SPLIT,
    ),
    "samples of the bootstrap": (
        CONFIGURATION,
        {"evaluation": {"bootstrap": 99}},
        [],
        {"evaluate_split", "collect_metrics", *PAGE},
    ),
    "edges of the graph": (
        CONFIGURATION, {"network": {"graph_edges": 21}}, [], {"build_network", *PAGE},
    ),
    "where models train": (CONFIGURATION, DEVICES, [], {"build_report"}),
    "shards, to Snakemake other inputs": (
        CONFIGURATION, {"inference": {"shards": 2}}, [], SHARDED | FROM_NETWORKS,
    ),
    "shards, as the documentation says": (
        CONFIGURATION, {"inference": {"shards": 2}}, NO_INPUTS, {"build_report"},
    ),
    "the title of a data set": (
        CARD, {"title": "Another"}, [], {"summarise_input", "build_report"},
    ),
    "until a rule": (
        CONFIGURATION, {}, ["-R", "train_gtgrn", "--until", "evaluate_split"],
        {"train_gtgrn", "evaluate_split"},
    ),
    "one variant by name": (
        CONFIGURATION, {"variants": {"E": {"epochs": 21}}},
        ["--", "results/tiny/models/gtgrn/E/edges/seed0/scores.tsv.gz"], {"train_gtgrn"},
    ),
}  # fmt: skip


def merge(into: dict, changes: dict) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def planned_by(project: Project, *arguments: str) -> set[str]:
    """Return the rules of which a run would start a job."""
    run = project.snakemake("-n", "--quiet", "rules", *arguments)
    assert run.returncode == 0, run.stdout[-3000:]
    return set(re.findall(r"^(\w+) +\d+$", run.stdout, re.MULTILINE)) - {"all", "total"}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_reruns_what_depends_on_it_and_nothing_else(finished, edit):
    name, changes, arguments, expected = EDITS[edit]
    path = finished.folder / name
    text = path.read_text()
    content = yaml.safe_load(text)
    merge(content, copy.deepcopy(changes))
    path.write_text(yaml.safe_dump(content))
    try:
        assert planned_by(finished, *arguments) == expected
    finally:
        path.write_text(text)


def test_a_deleted_result_asked_for_by_name_is_made_and_nothing_else(finished, tmp_path):
    for name, rule in (
        ("tiny/evaluation/edges/seed0.metrics.tsv", "evaluate_split"),
        ("tiny/embeddings/expression/seed0.h5ad", "train_vae"),
    ):
        path = finished.folder / "results" / name
        kept = path.rename(tmp_path / path.name)
        try:
            assert planned_by(finished, "--", f"results/{name}") == {rule}
        finally:
            kept.rename(path)
