"""Look-ups, and each export read back by its own tool's reader or by the columns it documents."""

from __future__ import annotations

import io

import anndata as ad
import decoupler as dc
import h5py
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from command_cases import call, make_results
from gtgrn.command.networks import FORMATS, Export, find_dataset, look_up, read_final
from gtgrn.data.hierarchical import read_loom
from gtgrn.errors import InputError

EDGES = 40


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return make_results(tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="module")
def best(results) -> pd.DataFrame:
    """The edges that are exported."""
    return read_final(results / "blood").head(EDGES)


@pytest.fixture
def exported(results, tmp_path):
    def write(form: str):
        path = tmp_path / FORMATS[form][0]
        words = ["--edges", EDGES, "--targets", 1, "--results", results, "-o", path]
        run = call("export", form, *words)
        assert run.exit_code == 0, run.output
        assert f"{EDGES} edges" in run.output
        return path

    return write


def pairs(table: pd.DataFrame, source: str = "source", target: str = "target") -> set:
    return set(zip(table[source], table[target], strict=True))


def test_regulators_and_targets_of_a_gene(results):
    network = read_final(results / "blood")
    found = look_up(network, "cd79a", 3)
    own = network[network["target"] == "CD79A"].sort_values("rank").head(3)
    assert list(found["regulators"]["regulator"]) == list(own["regulator"])
    assert list(found["regulators"]["rank"]) == list(own["rank"])
    assert list(found["regulators"]["place"]) == [1, 2, 3]
    assert found["targets"].empty
    # A regulator is a target, too.
    both = look_up(network, "SPI1", 100)
    assert len(both["regulators"]) == 5
    assert len(both["targets"]) == 29


def test_show_prints_tables_and_a_table_for_programs(results):
    shown = call("show", "SPI1", "--top", 2, "--results", results)
    assert shown.exit_code == 0
    assert "the best 2 regulators of SPI1" in shown.output
    assert "the best 2 targets of SPI1" in shown.output
    plain = call("show", "SPI1", "--top", 2, "--tsv", "--results", results)
    table = pd.read_csv(io.StringIO(plain.output), sep="\t")
    assert list(table["role"]) == ["regulators"] * 2 + ["targets"] * 2
    assert set(table["gene"]) <= set(
        read_final(results / "blood")[["regulator", "target"]].stack()
    )


def test_an_unknown_gene_or_data_set_ends_in_one_line(results, tmp_path):
    run = call("show", "CD79AA", "--results", results)
    assert run.exit_code == 1
    assert run.output.count("\n") == 1
    assert "Did you mean 'CD79A'?" in run.output
    run = call("show", "CD79A", "--results", results, "--dataset", "bloof")
    assert "Did you mean 'blood'?" in run.output
    assert "gtgrn run" in call("show", "CD79A", "--results", tmp_path).output


def test_with_several_networks_one_must_be_named(results, tmp_path):
    for name in ("a", "a/B_cell", "a/.sha256"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "network.tsv.gz").touch()
    assert find_dataset(tmp_path, "a/B_cell") == tmp_path / "a/B_cell"
    with pytest.raises(InputError, match="Name one of a, a/B_cell by --dataset"):
        find_dataset(tmp_path, None)


def test_anndata_has_the_edges_at_their_place(exported, best):
    adata = ad.read_h5ad(exported("anndata"))
    assert adata.shape == (80, 30)
    assert pairs(adata.uns["grn"]) == pairs(best, "regulator", "target")
    first = best.iloc[0]
    row, column = adata.var_names.get_indexer([first["regulator"], first["target"]])
    assert adata.varp["grn"][row, column] == pytest.approx(first["probability"])
    assert adata.varp["grn"].nnz == EDGES
    dc.mt.ulm(adata, adata.uns["net"], tmin=1)
    assert set(adata.obsm["score_ulm"]) == set(adata.uns["net"]["source"])


def test_graphml(exported, best):
    graph = nx.read_graphml(exported("graphml"))
    assert set(graph.edges) == pairs(best, "regulator", "target")


def test_gmt_by_the_readers_of_decoupler_and_pyscenic(exported, best):
    path = exported("gmt")
    sets = dc.pp.read_gmt(str(path))
    own = set(zip(sets["source"].str[:-3], sets["target"], strict=True))
    assert own <= pairs(best, "regulator", "target")
    assert len(own) > EDGES / 2
    genesig = pytest.importorskip("ctxcore.genesig", reason="needs ctxcore (pySCENIC)")
    regulons = genesig.GeneSignature.from_gmt(str(path))
    assert {regulon.name for regulon in regulons} == set(sets["source"])


def test_loom_by_its_layout(exported, results):
    path = exported("loom")
    cells = Export(results / "blood").cells
    adata = read_loom(path, {"format": "loom", "path": str(path)})
    np.testing.assert_allclose(adata.X.toarray(), cells.X, rtol=1e-6)
    assert list(adata.var_names) == list(cells.var_names)
    sets = Export(results / "blood", EDGES, 1)
    with h5py.File(path) as file:
        members = file["row_attrs/Regulons"][:]
        genes = file["row_attrs/Gene"].asstr()[:]
        assert list(file["col_attrs/CellID"].asstr()[:]) == list(cells.obs_names)
    assert members.dtype.names
    for name in members.dtype.names:
        kept = set(genes[members[name] == 1])
        best = sets.edges[sets.edges["regulator"] == name[:-3]]["target"]
        assert kept
        assert kept <= set(best)


def test_loom_by_loompy(exported):
    loompy = pytest.importorskip("loompy", reason="needs loompy")
    # As pySCENIC opens its own: loom's rules do not know the records in which it keeps regulons.
    with loompy.connect(str(exported("loom")), mode="r", validate=False) as file:
        assert file.shape == (30, 80)
        assert file.ra.Regulons.dtype.names


def test_scenics_adjacencies(exported, best):
    table = pd.read_csv(exported("scenic"), sep="\t")
    assert list(table) == ["TF", "target", "importance"]
    assert table["importance"].is_monotonic_decreasing
    assert pairs(table, "TF") == pairs(best, "regulator", "target")


def test_gretapy_by_its_own_check(exported, best):
    table = pd.read_csv(exported("gretapy"))
    assert list(table) == ["source", "target", "score"]
    assert pairs(table) == pairs(best, "regulator", "target")
    check = pytest.importorskip("gretapy.pp._check", reason="needs gretapy")
    assert pairs(check._check_grn(table)) == pairs(table)


def test_genernib_by_its_slots(exported, best):
    adata = ad.read_h5ad(exported("genernib"))
    assert adata.uns["dataset_id"] == "blood"
    assert adata.uns["method_id"] == "gtgrn"
    table = adata.uns["prediction"]
    assert list(table) == ["source", "target", "weight"]
    assert pairs(table) == pairs(best, "regulator", "target")
    np.testing.assert_allclose(table["weight"].astype(float), best["probability"], rtol=1e-8)


def test_celloracle_by_what_it_makes_of_a_base_network(exported, best):
    table = pd.read_parquet(exported("celloracle"))
    assert list(table.columns[:2]) == ["peak_id", "gene_short_name"]
    # Each gene's regulators are the columns above 0 in the sum over its rows.
    summed = table.drop(columns="peak_id").groupby("gene_short_name").sum()
    regulators = {gene: set(row.index[row > 0]) for gene, row in summed.iterrows()}
    expected = best.groupby("target")["regulator"].agg(set).to_dict()
    assert regulators == expected
