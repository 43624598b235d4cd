from __future__ import annotations

import shutil

import pytest
from gtgrn.code import PACKAGE, SCRIPTS, closure, digest, modules, script_digest
from import_cases import reached_by, read_imports


@pytest.fixture
def package(tmp_path):
    """A package with a chain of imports, an import in a function, a template and a plug-in."""
    files = {
        "__init__.py": "",
        "base.py": "VALUE = 1\n",
        "middle.py": "from toy.base import VALUE\n",
        "late.py": "def late():\n    from toy import deep\n    return deep\n",
        "deep/__init__.py": "",
        "deep/one.py": "import toy.base\n",
        "deep/two.py": "from toy.deep import one as other\n",
        "deep/page.j2": "{{ text }}\n",
        "loop_a.py": "import toy.loop_b\n",
        "loop_b.py": "import toy.loop_a\n",
        "../script.py": "import toy.middle\n",
    }
    for name, text in files.items():
        path = tmp_path / "toy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "toy"


def names(paths, package):
    return {path.relative_to(package.parent).as_posix() for path in paths}


def reached(start, package):
    return names(closure([start], package), package)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("toy.base", {"toy/__init__.py", "toy/base.py"}),
        ("toy.middle", {"toy/__init__.py", "toy/middle.py", "toy/base.py"}),
        (
            "toy.late",
            {"toy/__init__.py", "toy/late.py", "toy/deep/__init__.py", "toy/deep/page.j2"},
        ),
        (
            "toy.deep.two",
            {
                *("toy/__init__.py", "toy/deep/__init__.py", "toy/deep/two.py"),
                *("toy/deep/one.py", "toy/base.py", "toy/deep/page.j2"),
            },
        ),
        ("toy.loop_a", {"toy/__init__.py", "toy/loop_a.py", "toy/loop_b.py"}),
    ],
)
def test_a_closure_is_what_importing_a_module_would_run(package, start, expected):
    assert reached(start, package) == expected


def test_a_script_starts_a_closure_and_a_plugin_adds_to_it(package):
    script = package.parent / "script.py"
    assert reached(script, package) == {
        *("script.py", "toy/__init__.py", "toy/middle.py", "toy/base.py")
    }
    both = names(closure([script, "toy.loop_a"], package), package)
    assert {"toy/loop_a.py", "toy/loop_b.py", "toy/middle.py"} <= both


def test_an_unknown_plugin_is_an_error(package):
    with pytest.raises(KeyError, match="absent"):
        closure(["toy.absent"], package)


@pytest.mark.parametrize("edited", ["toy/base.py", "toy/middle.py", "script.py"])
def test_an_edit_changes_the_digest(package, edited):
    script = package.parent / "script.py"
    before = digest(script, package=package)
    path = package.parent / edited
    path.write_text(path.read_text() + "# edited\n")
    assert digest(script, package=package) != before


def test_an_edit_elsewhere_and_the_folder_change_nothing(package, tmp_path_factory):
    script = package.parent / "script.py"
    before = digest(script, package=package)
    (package / "late.py").write_text("# edited\n")
    assert digest(script, package=package) == before
    moved = tmp_path_factory.mktemp("elsewhere")
    for path in sorted(package.parent.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            copy = moved / path.relative_to(package.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    assert digest(moved / "script.py", package=moved / "toy") == before


def test_every_script_has_a_digest_of_its_own():
    scripts = sorted(path.stem for path in SCRIPTS.glob("*.py"))
    assert len(scripts) > 40
    assert len({script_digest(script) for script in scripts}) == len(scripts)


def test_every_module_of_the_package_is_known():
    found = set(modules().values())
    assert found == set(PACKAGE.rglob("*.py"))


def test_a_comment_in_any_module_changes_the_digests_of_the_scripts_that_reach_it(tmp_path):
    imports = read_imports()
    copy = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    scripts = sorted(path.name for path in SCRIPTS.glob("*.py"))
    reach = {name: reached_by(imports, SCRIPTS / name) for name in scripts}

    def digests():
        return {name: digest(copy / name, package=copy / "gtgrn") for name in scripts}

    before = digests()
    checked = 0
    for path in modules().values():
        edited = copy / path.relative_to(SCRIPTS)
        text = edited.read_bytes()
        edited.write_bytes(text + b"\n# edited\n")
        after = digests()
        edited.write_bytes(text)
        changed = {name for name in scripts if after[name] != before[name]}
        assert changed == {name for name in scripts if path in reach[name]}, path
        checked += 1
    assert checked > 100
