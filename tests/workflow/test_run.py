"""The workflow, really run on a tiny configuration."""

from __future__ import annotations

import gzip
import html
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import anndata as ad
import networkx as nx
import pandas as pd
import pytest
import torch
from gtgrn.config.settings import ENSEMBLES
from gtgrn.files import machine
from gtgrn.manifest import FOLDER, begin_job, entry_of, record, sha256, verified
from project_cases import HANG, TINY, Project
from toy_cases import TOY_MODULE, TOY_PEER, TOY_SECTION

pytestmark = pytest.mark.slow

SEED = "models/gtgrn/paper/edges/seed0"
FORMS = ("published", "repaired")


def table(project, path):
    return pd.read_csv(project.folder / "results" / path, sep="\t", keep_default_na=False)


def test_outputs_keep_the_contract(finished):
    adata = ad.read_h5ad(finished.folder / "results/tiny/expression.h5ad")
    assert "counts" in adata.layers
    assert adata.var["is_regulator"].sum() == 6
    assert {"filters", "versions", "source"} <= set(adata.uns["gtgrn"])
    assert list(table(finished, "tiny/reference.tsv")) == ["regulator", "target"]
    for method in (
        "genie3",
        "grnboost2",
        "clr",
        "pearson",
        "random",
        "borda",
        "mean_rank",
        "log_rank",
    ):
        network = table(finished, f"tiny/networks/{method}.tsv.gz")
        assert list(network) == ["regulator", "target", "weight"]
        assert network["weight"].is_monotonic_decreasing
    split = table(finished, "tiny/splits/edges/seed0.tsv.gz")
    assert list(split) == ["regulator", "target", "label", "part"]
    assert split["label"].sum() == 60
    scores = table(finished, f"tiny/{SEED}/scores.tsv.gz")
    assert list(scores) == ["regulator", "target", "label", "part", "score"]
    assert len(scores) == 6 * 29
    for kind in ("expression/seed0", "global/seed0", "positional/edges/seed0"):
        embedding = ad.read_h5ad(finished.folder / f"results/tiny/embeddings/{kind}.h5ad")
        assert list(embedding.obs_names) == sorted(adata.var_names)
    assert {"epoch", "train_loss", "validation_auprc"} <= set(
        table(finished, f"tiny/{SEED}/history.tsv")
    )
    checkpoint = torch.load(
        finished.folder / f"results/tiny/{SEED}/checkpoint.pt", weights_only=True
    )
    assert checkpoint["genes"] == list(adata.var_names)


def test_every_file_has_its_entry_in_the_manifest(finished):
    results = finished.folder / "results"
    files = [p for p in results.rglob("*") if p.is_file() and p.parent.name != FOLDER]
    assert len(files) > 100
    for path in files:
        assert entry_of(path).is_file(), path
        assert verified(path) == path


def test_a_damaged_file_stops_the_run_and_the_command_that_it_names_mends_it(finished, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(finished.folder, folder, symlinks=True)
    project, path = Project(folder), folder / "results/tiny/evaluation/edges/seed0.metrics.tsv"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"0.5", b"0.6", 1))
    left = path.with_name(f".{2**22 + 1}-{machine()}.{path.name}")
    left.write_text("half a table")
    run = project.snakemake("--cores", "1", "-R", "collect_metrics", "--", "benchmark")
    assert run.returncode != 0
    assert not left.exists(), "what a killed job left"
    (line,) = {line.strip() for line in run.stdout.splitlines() if "InputError: " in line}
    assert "not what rule evaluate_split wrote" in line
    assert len(line) <= 300
    command = line.split("Make it again: ")[1]
    relative = path.relative_to(folder)
    assert command == f"snakemake --cores 1 -R collect_metrics -R {relative} -- benchmark"
    # The remedy is followed, where another package of the name stands in the way.
    (folder / "foreign/gtgrn").mkdir(parents=True)
    (folder / "foreign/gtgrn/__init__.py").write_text("raise RuntimeError('a foreign package')")
    shutil.copytree(folder / "foreign/gtgrn", folder / "gtgrn")
    again = project.snakemake(*command.split()[1:], PYTHONPATH=f"{folder}/foreign")
    assert again.returncode == 0, again.stdout[-3000:]
    assert path.read_bytes() == whole
    for name in ("metrics", "comparisons", "summary"):
        joined = f"results/benchmark/{name}.tsv"
        assert (folder / joined).read_bytes() == (finished.folder / joined).read_bytes()


def test_metrics_hold_every_method_beside_the_nulls(finished):
    metrics = table(finished, "benchmark/metrics.tsv")
    assert list(metrics) == [
        *["dataset", "split", "part", "negatives", "method", "variant", "seed", "metric"],
        *["value", "n", "n_positive"],
    ]
    tiny = metrics[metrics["dataset"] == "tiny"]
    found = set(zip(tiny["method"], tiny["variant"], strict=True))
    assert {("gtgrn", "full"), ("gtgrn", "E"), ("pearson", "network")} <= found
    assert {(null, "null_model") for null in ("random", "tf_target_logit", "label_svd")} <= found
    assert set(metrics["dataset"]) == {"tiny", "permuted"}
    # As most readers do: no name may turn into a missing value.
    assert (
        pd.read_csv(finished.folder / "results/benchmark/metrics.tsv", sep="\t")["variant"]
        .notna()
        .all()
    )


def test_what_judging_leaves_is_joined(finished):
    comparisons = table(finished, "benchmark/comparisons.tsv")
    against = comparisons[(comparisons["method"] == "gtgrn") & (comparisons["variant"] == "full")]
    assert set(against["rival"]) == {"best null", "best network"}
    assert (against["low"] <= against["high"]).all()
    metrics = table(finished, "benchmark/metrics.tsv")
    assert {"N0", "N1", "N2", "N3"} <= set(metrics["negatives"])
    summary = table(finished, "benchmark/summary.tsv")
    assert set(summary["seeds"]) == {1}
    assert {"all pairs", "regulator"} == set(
        table(finished, "benchmark/permutations.tsv")["within"]
    )
    whole = table(finished, "benchmark/reconstruction.tsv")
    trained = whole[(whole["method"] == "gtgrn") & (whole["pairs"] == "all")]["trained_pairs"]
    assert (trained > 0).all()
    audit = table(finished, "tiny/evaluation/edges/audit.tsv")
    assert not audit["finding"].astype(str).eq("True").any()
    assert {"messages of gtgrn/full", "network genie3"} <= set(audit["artefact"])
    stability = table(finished, "benchmark/stability.tsv")
    own = stability[(stability["dataset"] == "tiny") & (stability["between"] == "seeds")]
    agreement = own.set_index("method")["spearman"]
    assert agreement["pearson"] == 1
    assert agreement["random"] < 0.5
    assert agreement["genie3"] < 1
    halves = stability[stability["between"] == "halves of the cells"].set_index("method")
    # Chance in 174 pairs: a standard error of 1 / sqrt(173), and .5 is 6.5 of them.
    assert halves.loc["random", "spearman"].max() < 0.5


def test_a_scheme_with_less_training_is_judged_on_the_same_pairs(finished):
    run = finished.snakemake(
        *("--cores", "2", "--config", 'splits={"schemes": ["edges", "edges_50"]}'),
        *("--", "results/tiny/evaluation/edges_50/seed0.metrics.tsv"),
    )
    assert run.returncode == 0, run.stdout
    whole, half = (table(finished, f"tiny/splits/{s}/seed0.tsv.gz") for s in ("edges", "edges_50"))
    tested = [s[s["part"] == "test"].reset_index(drop=True) for s in (whole, half)]
    pd.testing.assert_frame_equal(*tested)
    trained = [(s["part"] == "train").sum() for s in (whole, half)]
    assert trained[1] == pytest.approx(trained[0] / 2, abs=1)
    metrics = table(finished, "tiny/evaluation/edges_50/seed0.metrics.tsv")
    assert {"full", "paper"} <= set(metrics["variant"])


def test_a_network_of_others_is_judged_without_training(tiny):
    pairs = [("G00", f"G{i:02d}", i / 30) for i in range(1, 30)]
    others = pd.DataFrame(pairs, columns=["TF", "target", "importance"])
    others.to_csv(tiny.folder / "data/adjacencies.csv", index=False)
    source = {"dataset": "tiny", "path": "data/adjacencies.csv"}
    tiny.configure(datasets=["tiny"], **TINY, third_party={"scenic": source})
    run = tiny.snakemake("--cores", "2", "--", "score")
    assert run.returncode == 0, run.stdout[-3000:]
    folder = tiny.folder / "results/tiny"
    metrics = table(tiny, "tiny/evaluation/edges/seed0.third_party.metrics.tsv")
    assert {"scenic", "tf_rate", "label_svd"} <= set(metrics["method"])
    comparisons = table(tiny, "tiny/evaluation/edges/seed0.third_party.comparisons.tsv")
    assert "scenic" in set(comparisons["method"])
    assert not (folder / "models").exists()
    assert not (folder / "networks/genie3.tsv.gz").exists()


def test_runtime_has_a_row_for_each_job(finished):
    runtime = table(finished, "benchmark/runtime.tsv")
    trained = runtime[(runtime["dataset"] == "tiny") & (runtime["rule"] == "train_gtgrn")]
    assert len(trained) == 3
    assert set(trained["gpu"]) == {1}
    assert (runtime["seconds"] > 0).all()
    assert set(runtime["dataset"]) == {"tiny", "permuted", "unlabelled"}


def test_network_is_ranked_calibrated_and_annotated(finished):
    network = table(finished, "tiny/network.tsv.gz")
    assert list(network["rank"]) == list(range(1, len(network) + 1))
    assert network["probability"].is_monotonic_decreasing
    assert network["probability"].between(0, 1).all()
    assert network["known"].sum() == 60
    methods = set(",".join(network["methods"]).split(",")) - {""}
    assert methods == {"genie3", "grnboost2", "clr", "pearson"}
    graph = nx.read_graphml(finished.folder / "results/tiny/network.graphml")
    assert graph.number_of_edges() == 20
    top = network.iloc[0]
    assert graph.edges[top["regulator"], top["target"]]["rank"] == 1


def test_without_reference_there_is_a_consensus_and_it_says_so(finished):
    network = table(finished, "unlabelled/network.tsv.gz")
    assert "probability" not in network
    assert network["score"].is_monotonic_decreasing
    assert len(network) == 30 * 29
    summary = json.loads((finished.folder / "results/unlabelled/network.json").read_text())
    assert not summary["supervised"]
    assert "no supervised model could be trained" in summary["statement"]
    assert not (finished.folder / "results/unlabelled/models").exists()
    page = (finished.folder / "results/report.html").read_text()
    assert summary["statement"] in html.unescape(page)


def test_the_report_of_snakemake_holds_the_main_outputs(finished):
    run = finished.snakemake("--report", "snakemake.html")
    assert run.returncode == 0, run.stdout[-3000:]
    page = (finished.folder / "snakemake.html").read_text()
    for shown in ("Networks", "Benchmark", "strongest edges, GraphML", "differences to the nulls"):
        assert shown in page
    assert "Every pair of a regulator and a gene of unlabelled" in page
    captions = finished.folder / "workflow/report"
    rules = "".join(path.read_text() for path in captions.parent.glob("rules/*.smk"))
    stated = set(re.findall(r'caption="\.\./report/(\w+\.rst)"', rules))
    assert stated == {path.name for path in captions.iterdir()}


def test_the_commands_that_the_report_names_work(finished):
    page = (finished.folder / "results/report.html").read_text()
    first = page[page.index('<section id="summary">') : page.index('<section id="network">')]
    commands = {html.unescape(text) for text in re.findall(r"<pre[^>]*><code>(.*?)<", first)}
    assert len(commands) >= 5
    for command in sorted(commands):
        if command.startswith("zcat "):
            assert (finished.folder / shlex.split(command)[1]).is_file()
            continue
        if command.startswith("gtgrn "):
            shown = subprocess.run(
                [sys.executable, "-m", *shlex.split(command)],
                cwd=finished.folder,
                env=os.environ | {"PYTHONPATH": str(finished.folder / "scripts")},
                capture_output=True,
                text=True,
            )
            assert shown.returncode == 0, f"{command}: {shown.stderr}"
            continue
        # What follows --config is a setting, so that -n stands first.
        run = finished.snakemake("-n", *shlex.split(command)[1:])
        assert run.returncode == 0, f"{command}: {run.stdout[-3000:]}"


def test_gene_order_orientation_and_edge_order_do_not_matter(finished):
    for name in (
        *["network.tsv.gz", f"{SEED}/scores.tsv.gz", "networks/grnboost2.tsv.gz"],
        "splits/edges/seed0.tsv.gz",
    ):
        one, other = (
            (finished.folder / "results" / dataset / name).read_bytes()
            for dataset in ("tiny", "permuted")
        )
        assert gzip.decompress(one) == gzip.decompress(other), name


def test_the_same_seed_gives_the_same_bytes(finished):
    path = f"results/tiny/{SEED}/scores.tsv.gz"
    before = (finished.folder / path).read_bytes()
    again = finished.snakemake(
        "--cores",
        "1",
        "--forcerun",
        "train_bert",
        "train_vae",
        "train_gtgrn",
        "sample_walks",
        "--",
        path,
    )
    assert again.returncode == 0, again.stdout[-3000:]
    assert (finished.folder / path).read_bytes() == before


def test_a_killed_run_is_resumed_without_repeating_finished_jobs(tiny):
    results = tiny.folder / "results/tiny/networks"
    run = subprocess.Popen(
        tiny.command("--cores", "1", "networks"),
        cwd=tiny.folder,
        env=tiny.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + HANG
    while len(list(results.glob("[!.]*.tsv.gz"))) < 2 and time.monotonic() < deadline:
        assert run.poll() is None, "the run ended before it could be killed"
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    # A file that Snakemake has marked incomplete may be made again; the others may not.
    finished = sorted(results.glob("[!.]*.tsv.gz"), key=lambda path: path.stat().st_mtime_ns)[:-1]
    times = {
        path: path.stat().st_mtime_ns for path in [*finished, results.parent / "expression.h5ad"]
    }
    again = tiny.snakemake("--cores", "2", "networks")
    assert again.returncode == 0, again.stdout[-3000:]
    made = {path.name.removesuffix(".tsv.gz") for path in results.glob("[!.]*.tsv.gz")}
    assert made == {*TINY["inference"]["methods"], *ENSEMBLES}
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert [path.name for path in results.iterdir() if path.name.startswith(".")] == [FOLDER]


def test_a_method_is_one_file_and_shards_change_nothing(tiny, finished):
    (tiny.folder / "scripts/gtgrn/inference/methods/toy.py").write_text(TOY_MODULE)
    options = {**TINY["inference"]["options"], "toy": {"power": 2.0}}
    inference = {"methods": ["genie3", "toy"], "options": options, "shards": 3}
    walks = {**TINY["walks"], "networks": ["toy"]}
    tiny.configure(datasets=["tiny"], **{**TINY, "inference": inference, "walks": walks})
    run = tiny.snakemake("--cores", "2", "networks")
    assert run.returncode == 0, run.stdout[-3000:]
    folder = tiny.folder / "results/tiny/networks"
    toy = table(tiny, "tiny/networks/toy.tsv.gz")
    assert list(toy) == ["regulator", "target", "weight"]
    assert len(toy) == 6 * 29
    assert json.loads((folder / "toy.json").read_text())["options"] == {"power": 2.0}
    assert re.findall(r"^infer_genie3 +3$", run.stdout, flags=re.MULTILINE)
    # One shard there, three here.
    whole = finished.folder / "results/tiny/networks"
    for name in ("genie3.tsv.gz", "genie3.json"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    record = json.loads((folder / "genie3.json").read_text())
    assert record["engine"] == "fast"
    assert record["matrix_sha256"] == sha256(tiny.folder / "results/tiny/matrix.npy")
    assert not list((folder / "shards").glob("*.tsv.gz"))


def test_a_peer_is_one_file(finished, tmp_path):
    folder = tmp_path / "peer"
    shutil.copytree(finished.folder, folder, symlinks=True)
    project = Project(folder)
    (folder / "scripts/gtgrn/models/peers/toy.py").write_text(TOY_PEER)
    peers = {"methods": ["toy"], "options": {"toy": {"published": {"width": 3}}}}
    project.configure(datasets=["tiny"], **{**TINY, "peers": peers})
    target = "results/tiny/models/toy/{}/edges/seed0/scores.tsv.gz"
    run = project.snakemake("--cores", "1", "--", *map(target.format, FORMS))
    assert run.returncode == 0, run.stdout[-3000:]
    for form in FORMS:
        assert len(table(project, target.format(form).removeprefix("results/"))) == 6 * 29
    peers["options"] = {"toy": {"published": {"wdith": 3}}}
    project.configure(datasets=["tiny"], **{**TINY, "peers": peers})
    refused = project.snakemake("-n")
    assert refused.returncode != 0
    assert "Did you mean 'width'?" in refused.stdout


def test_a_section_of_the_report_is_one_file(finished, tmp_path):
    folder = tmp_path / "section"
    shutil.copytree(finished.folder, folder, symlinks=True)
    project = Project(folder)
    (folder / "scripts/gtgrn/report/sections/toys.py").write_text(TOY_SECTION)
    settings = {**TINY, "report": {"studies": ["toys"]}}
    project.configure(datasets=["tiny", "permuted", "unlabelled"], **settings)
    plan = project.snakemake("-n").stdout
    rules = set(re.findall(r"^(?:local)?rule (\w+):", plan, flags=re.MULTILINE))
    assert rules == {"all", "build_report"}
    run = project.snakemake("--cores", "1")
    assert run.returncode == 0, run.stdout[-3000:]
    page = (folder / "results/report.html").read_text()
    assert "Toys of this run" in page
    assert ">60<" in page


def test_two_runs_in_one_folder_are_refused(tiny):
    lock = tiny.folder / ".snakemake"
    lock.mkdir()
    holder = subprocess.Popen(
        ["flock", str(lock / "gtgrn.lock"), "sh", "-c", "touch held; sleep 36000"],
        cwd=lock,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + HANG
        while not (lock / "held").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        run = tiny.snakemake("--cores", "1", "check")
    finally:
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait()
    assert run.returncode != 0
    assert "another run is at work in this folder" in run.stdout


def test_a_planted_leak_stops_the_run(finished, tmp_path):
    folder = tmp_path / "planted"
    shutil.copytree(finished.folder, folder, symlinks=True)
    planted = Project(folder)
    messages = folder / f"results/tiny/{SEED}/messages.tsv.gz"
    split = pd.read_csv(folder / "results/tiny/splits/edges/seed0.tsv.gz", sep="\t")
    edge = split[(split["part"] == "test") & (split["label"] == 1)].iloc[0]
    with gzip.open(messages, "at") as file:
        file.write(f"{edge['regulator']}\t{edge['target']}\n")
    # As if a job had written it: the manifest would stop the audit before.
    begin_job("train_gtgrn", [messages])
    record(messages, messages)
    begin_job("", ())
    (folder / "results/tiny/evaluation/edges/audit.tsv").unlink()
    run = planted.snakemake("--cores", "2", "--", "audit")
    assert run.returncode != 0
    log = (folder / "logs/tiny/audit_leakage_edges.log").read_text()
    assert "judged pair as an edge" in log
    assert "messages of gtgrn/paper" in log
    assert f"{edge['regulator']} -> {edge['target']}" in log
    assert not (folder / "results/tiny/evaluation/edges/audit.tsv").exists()
