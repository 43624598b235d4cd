"""Each leak is planted and must be found; what is clean must pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.embeddings.positional import laplacian_encodings
from gtgrn.evaluation.audit import (
    audit_embedding,
    audit_encodings,
    audit_graph,
    audit_negatives,
    audit_network,
    audit_scores,
    audit_split,
    find_origin,
    to_table,
)
from gtgrn.splits.leakage import message_edges
from gtgrn.splits.negatives import draw_negatives
from gtgrn.splits.schemes import split_edges
from gtgrn.splits.tables import with_unlabelled

GENES = [f"G{i:02d}" for i in range(60)]


@pytest.fixture(scope="module")
def reference() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(r, t) for r in GENES[:8] for t in rng.choice(GENES[8:], 20, replace=False)]
    # Regulators of each other, so that reverses exist.
    rows += [("G00", "G01"), ("G01", "G00"), ("G02", "G03"), ("G03", "G02")]
    return pd.DataFrame(rows, columns=["regulator", "target"])


@pytest.fixture(scope="module")
def split(reference) -> pd.DataFrame:
    fractions = {"train": 0.5, "val": 0.2, "test": 0.3}
    return split_edges(reference, GENES, fractions=fractions, seed=0)


def findings(lines) -> list[str]:
    table = to_table(lines, dataset="d")
    assert list(table)[:3] == ["dataset", "check", "artefact"]
    return list(table.loc[table["finding"], "check"])


def test_a_clean_run_has_no_finding(split):
    edges = message_edges(split)
    encodings = laplacian_encodings(edges, GENES, dimensions=4)
    network = split[["regulator", "target"]].copy()
    network["weight"] = np.random.default_rng(1).random(len(split))
    scores = with_unlabelled(split, GENES, GENES[:10])
    lines = [
        *audit_split(split),
        *audit_graph(edges, split, "messages"),
        *audit_scores(scores, split),
        *audit_network(network, {"method": "clr", "matrix_sha256": "ab"}, "ab", split),
        *audit_embedding(np.random.default_rng(2).normal(size=(60, 8)), GENES, split, "E"),
        *audit_encodings(encodings, encodings + 1e-9),
    ]
    assert findings(lines) == []


def test_a_pair_in_two_parts(split):
    twice = pd.concat([split, split[split["part"] == "test"].head(1).assign(part="train")])
    (line,) = audit_split(twice)
    assert line["count"] == 2
    assert line["finding"]


@pytest.mark.parametrize("part", ["val", "test"])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_judged_edge_among_the_messages(split, part, reverse):
    one_way = ~split["target"].isin(GENES[:8])
    planted = split[(split["part"] == part) & (split["label"] == 1) & one_way].head(3)
    planted = planted[["regulator", "target"]]
    if reverse:
        planted = planted.set_axis(["target", "regulator"], axis=1)
    lines = audit_graph(pd.concat([message_edges(split), planted]), split, "messages")
    assert findings(lines) == ["its reverse as an edge" if reverse else "judged pair as an edge"]
    assert max(line["count"] for line in lines) == 3


def test_a_negative_that_is_a_known_edge_or_of_another_part(split, reference):
    drawn = {"N1": draw_negatives(split, reference, scheme="N1", seed=0)}
    assert findings(audit_negatives(drawn, reference, split)) == []
    edge = split[(split["part"] == "test") & (split["label"] == 1)].head(1)
    trained = split[(split["part"] == "train") & (split["label"] == 0)].head(2)
    pairs = ["regulator", "target"]
    planted = {"N1": pd.concat([drawn["N1"], edge[pairs], trained[pairs]])}
    lines = audit_negatives(planted, reference, split)
    assert {line["check"]: line["count"] for line in lines} == {
        "a negative is a known edge": 1,
        "a negative is not in the test part": 2,
    }


def test_scores_of_another_split(split):
    changed = split.copy()
    changed.loc[changed.index[:4], "part"] = "other"
    changed.loc[changed.index[5], "label"] ^= 1
    (line,) = audit_scores(changed, split)
    assert line["count"] == 5
    (line,) = audit_scores(split.iloc[2:], split)
    assert line["count"] == 2


def test_a_network_fed_by_the_reference(split):
    rng = np.random.default_rng(1)
    network = split[["regulator", "target"]].assign(
        weight=split["label"] + 0.5 * rng.random(len(split))
    )
    record = {"method": "prior", "matrix_sha256": "ab"}
    assert findings(audit_network(network, record, "ab", split)) == ["tells judged edges apart"]
    network["weight"] = rng.random(len(split))
    assert findings(audit_network(network, record, "cd", split)) == [
        "not made from this expression"
    ]
    assert findings(audit_network(network, None, "ab", split)) == ["not made from this expression"]


def telling(split) -> pd.DataFrame:
    noise = 0.5 * np.random.default_rng(1).random(len(split))
    return split[["regulator", "target"]].assign(weight=split["label"] + noise)


RECORD = {"method": "easy", "matrix_sha256": "ab"}


def test_a_network_of_expression_alone_may_tell_the_edges_apart(split):
    """Strong regulation shows in expression: a warning, by what entered and not by the value."""
    alone = find_origin(["results/d/networks/clr.tsv.gz"], "results/d", [])
    lines = audit_network(telling(split), RECORD, "ab", split, alone)
    assert findings(lines) == []
    (line,) = [line for line in lines if line["check"] == "tells judged edges apart"]
    assert line["count"] == 1
    assert "warning: high, though nothing but expression" in line["detail"]
    values, one_way = answers(split, 1)
    assert findings(audit_embedding(values, GENES, one_way, "E")) != []
    assert findings(audit_embedding(values, GENES, one_way, "E", alone)) == []


@pytest.mark.parametrize(
    "name",
    [
        "results/d/reference.tsv",
        "results/d/splits/edges/seed0.tsv.gz",
        "results/d/models/gtgrn/full/edges/seed0/scores.tsv.gz",
        "results/d/embeddings/positional/edges/seed0.h5ad",
        "results/d/network.tsv.gz",
        "data/known.tsv",
    ],
)
def test_what_is_made_of_labels_is_found_whatever_it_scores(split, name):
    network = telling(split).assign(weight=np.random.default_rng(3).random(len(split)))
    origin = find_origin([name], "results/d", ["data/known.tsv"])
    lines = audit_network(network, RECORD, "ab", split, origin)
    assert findings(lines) == ["made of files with labels"]
    assert name in lines[1]["detail"]
    values = np.random.default_rng(2).normal(size=(60, 8))
    assert findings(audit_embedding(values, GENES, split, "G", origin))


@pytest.mark.parametrize("name", ["data/motifs.tsv", "results/d/networks/third_party/x.tsv.gz"])
def test_what_is_made_of_unknown_files_is_found_if_it_tells_the_edges(split, name):
    origin = find_origin([name], "results/d", ["data/known.tsv"])
    lines = audit_network(telling(split), RECORD, "ab", split, origin)
    assert findings(lines) == ["tells judged edges apart"]
    assert name in lines[2]["detail"]
    network = telling(split).assign(weight=np.random.default_rng(3).random(len(split)))
    assert findings(audit_network(network, RECORD, "ab", split, origin)) == []


def answers(split, sign) -> tuple[np.ndarray, pd.DataFrame]:
    """Return an embedding that holds the edges, and the pairs whose product is the answer."""
    adjacency = np.zeros((60, 60))
    index = pd.Index(GENES)
    edges = split[split["label"] == 1]
    adjacency[index.get_indexer(edges["regulator"]), index.get_indexer(edges["target"])] = 1
    # A regulator's row against a target's unit vector: the product is the answer itself.
    values = np.eye(60)
    values[:8] = sign * adjacency[:8]
    return values, split[~split["target"].isin(GENES[:8])]


@pytest.mark.parametrize("sign", [1, -1])
def test_an_embedding_fed_by_the_reference(split, sign):
    values, one_way = answers(split, sign)
    found = findings(audit_embedding(values, GENES, one_way, "G"))
    assert found == ["tells judged edges apart"]


def test_too_few_edges_say_nothing(split):
    few = pd.concat([split[split["label"] == 0], split[split["label"] == 1].head(10)])
    network = few[["regulator", "target"]].assign(weight=few["label"])
    lines = audit_network(network, {"method": "m", "matrix_sha256": "a"}, "a", few)
    assert findings(lines) == []
    assert "too few" in lines[2]["detail"]


def test_encodings_of_all_edges(split, reference):
    honest = laplacian_encodings(message_edges(split), GENES, dimensions=4)
    leaky = laplacian_encodings(reference, GENES, dimensions=4)
    (line,) = audit_encodings(leaky, honest)
    assert line["finding"]
    assert line["count"] > 0
