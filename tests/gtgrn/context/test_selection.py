import numpy as np
import pandas as pd
import pytest
from context_cases import GENES, pairs
from gtgrn.context.selection import select_sources
from gtgrn.context.sources import place_tables, spell_names

RNG = np.random.default_rng(11)


def _card(**changes):
    return {"organism": "human", "kind": "chip", "whole": True, "databases": []} | changes


def _table(rows: int, *, cells: str | None = None, start: int = 0) -> pd.DataFrame:
    made = {
        f"R{start + row}": [gene for gene in GENES[:60] if RNG.random() < 0.3]
        for row in range(rows)
    }
    table = pairs(made)
    return table if cells is None else table.assign(cell_type=cells)


def test_a_table_of_several_cells_is_a_source_for_each_and_one_for_the_rare():
    table = pd.concat([_table(12, cells="K562"), _table(11, cells="H1"), _table(2, cells="A549")])
    placed = place_tables({"encode": table}, {"encode": _card()}, GENES, organism="human")
    assert [(one.name, one.cell_type, len(one.regulators)) for one in placed] == [
        *[("encode H1", "H1", 11), ("encode K562", "K562", 12), ("encode mixed", "mixed", 2)]
    ]
    refused, dropped = select_sources(
        {"encode": table}, {"encode": _card()}, GENES, organism="human", cell_type="hESC"
    )
    assert sorted(one.name for one in refused) == ["encode K562", "encode mixed"]
    assert list(dropped["source"]) == ["encode H1"]


def test_rare_cells_of_the_users_own_kind_are_refused_too():
    table = pd.concat([_table(12, cells="K562"), _table(2, cells="A549"), _table(3, cells="H1")])
    kept, dropped = select_sources(
        {"encode": table}, {"encode": _card()}, GENES, organism="human", cell_type="A549 cells"
    )
    regulators = {one.name: sorted(one.regulators) for one in kept}
    assert regulators["encode mixed"] == ["R0", "R1", "R2"]
    assert list(dropped["source"]) == ["encode A549"]


@pytest.mark.parametrize("databases", [["OmniPath 2023"], ["a table of omnipath's edges"]])
def test_a_source_of_the_references_database_is_listed_as_dropped(databases):
    tables = {"collectri": _table(4), "encode": _table(12, cells="K562")}
    cards = {
        "collectri": _card(kind="curated", databases=["CollecTRI", "OmniPath"]),
        "encode": _card(),
    }
    kept, dropped = select_sources(tables, cards, GENES, organism="human", databases=databases)
    assert [one.name for one in kept] == ["encode K562"]
    assert list(dropped["source"]) == ["collectri"]


def test_a_planted_copy_of_a_reference_row_is_dropped_under_any_name_of_the_gene():
    reference = pairs({"Spi1": GENES[:30], "Gata1": GENES[20:60]})
    copied = pairs({"SPI1": GENES[:29], "GATA1": GENES[5:40:2], "STAT1": GENES[:30]})
    genes = ["Spi1", "Gata1", "Stat1", *GENES]
    kept, dropped = select_sources(
        {"elsewhere": copied},
        {"elsewhere": _card(cell_type="K562")},
        genes,
        organism="mouse",
        reference=reference,
    )
    assert [tuple(row) for row in dropped[["source", "regulator"]].to_numpy()] == [
        ("elsewhere", "Spi1")
    ]
    assert dropped["phi"].iloc[0] > 0.9
    assert sorted(kept[0].regulators) == ["Gata1", "Stat1"]


def test_perturbation_is_never_mixed_with_binding():
    kept, dropped = select_sources(
        {"lofgof": _table(5)},
        {"lofgof": _card(kind="perturbation", cell_type="ESC")},
        GENES,
        organism="human",
    )
    assert not kept
    assert "another truth" in dropped["reason"].iloc[0]


def test_names_are_found_by_spelling_orthologs_and_case():
    found = spell_names(["SPI1", "G000", "NOBODY", "TP53"], ["Spi1", "G000", "Trp53"],
                        same_organism=False)  # fmt: skip
    # TP53 is Trp53 in the mouse: by spelling alone it would be lost.
    assert found == {"SPI1": "Spi1", "G000": "G000", "TP53": "Trp53"}
    assert spell_names(["spi1"], ["SPI1"], same_organism=True) == {"spi1": "SPI1"}
    assert spell_names(["Spi1"], ["SPI1", "spi1"], same_organism=True) == {}
