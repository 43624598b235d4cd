from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.report.runtime import COLUMNS, read_benchmarks
from gtgrn.tables import write_table

SHORT = {
    "cpu_time": 2.35, "h:m:s": "0:00:03", "io_in": 0.0, "io_out": 0.0, "max_pss": 158.58203125,
    "max_rss": 204.3828125, "max_uss": 132.25390625, "max_vms": 504.7109375,
    "mean_load": 61.70743013244418, "s": 3.0804,
}  # fmt: skip
EXTENDED = SHORT | {
    "cpu_usage": 190.08, "input_size_mb": {"results/mine/expression.h5ad": 0.4}, "jobid": 2,
    "params": {"method": "genie3", "options": "{'n_estimators': 50}"},
    "resources": {"_cores": 8, "_nodes": 1, "mem": "4 GB", "mem_mb": 4000, "tmpdir": "/x"},
    "rule_name": "infer_genie3", "threads": 8, "wildcards": {"dataset": "mine"},
}  # fmt: skip
ON_GPU = EXTENDED | {
    "resources": EXTENDED["resources"] | {"gpu": 1},
    "rule_name": "train_gtgrn",
    "threads": 4,
}


def write(folder: Path, name: str, *records: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [line if isinstance(line, str) else json.dumps(line) for line in records]
    path.write_text("".join(line + "\n" for line in lines))
    return path


def plain(table: pd.DataFrame) -> list[list]:
    return table.astype(object).where(table.notna(), None).to_numpy().tolist()


def test_extended_records(tmp_path):
    write(tmp_path, "mine/train_gtgrn_full_edges_seed0.jsonl", ON_GPU)
    write(tmp_path, "mine/infer_genie3.jsonl", EXTENDED, EXTENDED | {"s": 4})
    table = read_benchmarks(tmp_path, ["mine"])
    assert list(table.columns) == COLUMNS
    assert plain(table) == [
        ["mine", "infer_genie3", "infer_genie3", 3.0804, 204.3828125, 8, 0],
        ["mine", "infer_genie3", "infer_genie3", 4.0, 204.3828125, 8, 0],
        ["mine", "train_gtgrn", "train_gtgrn_full_edges_seed0", 3.0804, 204.3828125, 4, 1],
    ]


def test_short_records_lack_rule_threads_and_gpu(tmp_path):
    write(tmp_path, "mine/infer_genie3.jsonl", SHORT)
    table = read_benchmarks(tmp_path, ["mine"])
    assert plain(table) == [["mine", None, "infer_genie3", 3.0804, 204.3828125, None, None]]
    write(tmp_path, "mine/train_gtgrn.jsonl", ON_GPU)
    table = read_benchmarks(tmp_path, ["mine"])
    assert [row[-2:] for row in plain(table)] == [[None, None], [4, 1]]
    write_table(table, tmp_path / "runtime.tsv")
    assert (tmp_path / "runtime.tsv").read_text().splitlines() == [
        "dataset\trule\tmethod\tseconds\tmax_rss_mb\tthreads\tgpu",
        "mine\t\tinfer_genie3\t3.0804\t204.382812\t\t",
        "mine\ttrain_gtgrn\ttrain_gtgrn\t3.0804\t204.382812\t4\t1",
    ]


@pytest.mark.parametrize("value", ["NA", None, "-"])
def test_memory_that_was_not_sampled_is_missing(tmp_path, value):
    write(tmp_path, "mine/a.jsonl", EXTENDED | {"max_rss": value})
    table = read_benchmarks(tmp_path, ["mine"])
    assert np.isnan(table.loc[0, "max_rss_mb"])
    assert table.loc[0, "seconds"] == 3.0804


@pytest.mark.parametrize("records", [[SHORT], [EXTENDED], [SHORT | {"max_rss": "NA"}], []])
def test_columns_have_one_type_whatever_is_there(tmp_path, records):
    write(tmp_path, "mine/a.jsonl", *records)
    types = read_benchmarks(tmp_path, ["mine"]).dtypes.astype(str)
    assert types[["seconds", "max_rss_mb", "threads", "gpu"]].tolist() == [
        "float64", "float64", "Int64", "Int64",
    ]  # fmt: skip


def test_only_the_named_data_sets_are_read(tmp_path):
    write(tmp_path, "mine/b.jsonl", SHORT)
    write(tmp_path, "mine/a.jsonl", SHORT)
    write(tmp_path, "mine/notes.txt", "no benchmark")
    write(tmp_path, "mine2/a.jsonl", "not read")
    write(tmp_path, "other/a.jsonl", "not read")
    write(tmp_path, "a.jsonl", "not read")
    table = read_benchmarks(str(tmp_path), ["mine", "absent"])
    assert table[["dataset", "method"]].to_numpy().tolist() == [["mine", "a"], ["mine", "b"]]
    both = read_benchmarks(tmp_path, ["mine", "mine"])
    assert len(both) == 4


def test_no_benchmarks_at_all(tmp_path):
    assert read_benchmarks(tmp_path / "none", ["mine"]).empty
    assert list(read_benchmarks(tmp_path, []).columns) == COLUMNS


def without(record: dict, key: str) -> dict:
    return {name: value for name, value in record.items() if name != key}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "not json",
        json.dumps(EXTENDED)[:-5],
        "[]",
        "3",
        "null",
        "{}",
        without(SHORT, "s"),
        without(SHORT, "max_rss"),
        without(EXTENDED, "threads"),
        without(EXTENDED, "resources"),
        SHORT | {"s": None},
        SHORT | {"s": "soon"},
        SHORT | {"max_rss": [1, 2]},
        EXTENDED | {"threads": "many"},
        EXTENDED | {"threads": None},
        EXTENDED | {"resources": []},
        EXTENDED | {"resources": {"gpu": "a100"}},
    ],
)
def test_what_is_no_benchmark(tmp_path, line):
    path = write(tmp_path, "mine/a.jsonl", SHORT, line)
    with pytest.raises(InputError) as caught:
        read_benchmarks(tmp_path, ["mine"])
    message = str(caught.value)
    assert message.startswith(f"{path}: not a benchmark of Snakemake (")
    assert message.endswith(". Delete it")
    assert len(message.splitlines()) == 1


def test_unreadable_characters(tmp_path):
    path = write(tmp_path, "mine/a.jsonl", SHORT)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a benchmark of Snakemake"):
        read_benchmarks(tmp_path, ["mine"])


def test_jobs_of_other_seeds_are_left_out(tmp_path):
    for name in ("train_vae_seed0", "train_vae_seed1", "train_vae_seed10", "infer_pearson"):
        write(tmp_path, f"mine/{name}.jsonl", EXTENDED)
    kept = read_benchmarks(tmp_path, ["mine"], [1])
    assert set(kept["method"]) == {"train_vae_seed1", "infer_pearson"}
    assert len(read_benchmarks(tmp_path, ["mine"])) == 4
