from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from gtgrn.errors import InputError
from gtgrn.plugins import PACKAGE
from gtgrn.report.registry import KINDS, find_sections, list_files, make_sections

STUDIES = [
    "paper",
    "peers",
    "tuning",
    "gatv2",
    "regulators",
    "groups",
    "comparison",
    "perturbation",
    "fig7",
    "fig8",
    "biology",
]
TOY = '''
"""A toy."""

STUDY = "toy"
TITLE = "Toys"
LEAD = "One number per data set."
ORDER = 15
FILES = ["toy/whole.tsv"]
DATASET_FILES = {"judged": ["toy.tsv", "toy.svg"], "expressed": ["all.tsv"]}


def make(results, datasets):
    """Show the toy."""
    text = (results / "toy/whole.tsv").read_text()
    table = {"caption": text, "columns": ["data set"], "rows": [[name] for name in datasets]}
    return {"tables": [table], "figures": []}
'''


@pytest.fixture
def package(tmp_path) -> Path:
    """A folder with a section of its own, beside which there is no other."""
    folder = tmp_path / "package/report/sections"
    folder.mkdir(parents=True)
    (folder / "my_toy.py").write_text(TOY)
    (folder / "__init__.py").write_text("")
    return tmp_path / "package"


def test_a_section_is_a_file_in_the_folder(package, tmp_path):
    section = find_sections(package)["toy"]
    assert (section.title, section.order, section.plugin.name) == ("Toys", 15, "my_toy")
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/whole.tsv").write_text("so many")
    (made,) = make_sections(tmp_path, ["a", "b"], ["toy"], package)
    assert made["title"] == "Toys"
    assert made["lead"] == "One number per data set."
    assert made["tables"][0]["caption"] == "so many"
    assert made["tables"][0]["rows"] == [["a"], ["b"]]


def test_files_are_those_of_the_run_and_of_the_data_sets_of_a_kind(package):
    kinds = dict.fromkeys(KINDS, ()) | {"judged": ["a", "b"], "expressed": ["a", "b", "c"]}
    assert list_files(["toy"], kinds, package) == [
        *["toy/whole.tsv", "a/toy.tsv", "a/toy.svg", "b/toy.tsv", "b/toy.svg"],
        *["a/all.tsv", "b/all.tsv", "c/all.tsv"],
    ]
    assert list_files([], kinds, package) == []


def test_sections_stand_in_their_order(package):
    later = TOY.replace('"toy"', '"later"').replace("15", "20")
    (package / "report/sections/a_later.py").write_text(later)
    assert list(find_sections(package)) == ["toy", "later"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('STUDY = "toy"', "", "STUDY"),
        ('TITLE = "Toys"', 'TITLE = "To" + "ys"', "TITLE"),
        ("ORDER = 15", 'ORDER = "15"', "ORDER"),
        ('"judged"', '"judgd"', "DATASET_FILES"),
    ],
)
def test_a_constant_that_is_wrong_is_named_with_its_file(package, old, new, field):
    path = package / "report/sections/my_toy.py"
    path.write_text(TOY.replace(old, new))
    with pytest.raises(InputError) as error:
        find_sections(package)
    assert field in str(error.value)
    assert "my_toy.py" in str(error.value)


def test_two_files_cannot_state_one_study(package):
    (package / "report/sections/other.py").write_text(TOY)
    with pytest.raises(InputError, match="STUDY"):
        find_sections(package)


def test_an_unknown_study_is_named_with_those_there_are(package):
    kinds = dict.fromkeys(KINDS, ())
    for ask in (
        lambda: list_files(["toys"], kinds, package),
        lambda: make_sections(Path(), [], ["toys"], package),
    ):
        with pytest.raises(InputError, match=r"'toys' is no study.*toy"):
            ask()


def test_the_studies_of_the_package_in_their_order():
    assert list(find_sections()) == STUDIES


def test_the_traits_are_read_without_importing_a_section():
    code = (
        "import sys; from gtgrn.report.registry import find_sections; find_sections();"
        "print([m for m in sys.modules if m.startswith(('gtgrn.report.sec', 'plotly', 'pandas'))])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("study", STUDIES)
def test_a_section_states_what_it_reads(study):
    """Each name of a file in the text of a section is stated among its files."""
    section = find_sections()[study]
    stated = {name.rpartition("/")[2] for name in section.files}
    for names in section.dataset_files.values():
        stated |= {name.rpartition("/")[2] for name in names}
    tree = ast.parse(section.plugin.path.read_text(encoding="utf-8"))
    read = {
        node.value.rpartition("/")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.endswith((".tsv", ".tsv.gz"))
        and node.value not in (".tsv", ".tsv.gz")
    }
    assert read <= stated
    assert stated
    assert set(section.dataset_files) <= set(KINDS)
