from __future__ import annotations

import ast
import errno
import hashlib
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from damage_cases import DAMAGES, KINDS, RULE, flip
from gtgrn import manifest
from gtgrn.code import PACKAGE, SCRIPTS
from gtgrn.errors import InputError
from gtgrn.files import atomic_path, write_text
from gtgrn.manifest import COMMAND, FOLDER, begin_job, entry_of, verified, with_rerun


@pytest.fixture(autouse=True)
def no_job(monkeypatch):
    """Leave no rule behind, and no command of a run around the tests."""
    monkeypatch.delenv(COMMAND, raising=False)
    yield
    begin_job("", ())


def write_as_rule(text: str, path: Path) -> Path:
    begin_job(RULE, [path])
    write_text(text, path)
    begin_job("", ())
    return path


# Damage of every kind is noticed


def sweep_damages(folder: Path, variants: int, seed: int) -> int:
    """Damage files in many ways and read each; return how many there were."""
    rng, done = np.random.default_rng(seed), 0
    while done < variants:
        for kind in KINDS:
            for damage in DAMAGES:
                shutil.rmtree(folder, ignore_errors=True)
                path = kind.place(folder, 0, folder.parent / "stock")
                before = path.read_bytes(), entry_of(path).read_bytes()
                damage(rng, path, kind)
                assert (path.read_bytes(), entry_of(path).read_bytes()) != before, damage
                with pytest.raises(InputError) as caught:
                    kind.read(path)
                message = str(caught.value)
                assert str(path) in message
                assert f"-R {path}" in message
                assert RULE in message or "its entry" in message
                assert "\n" not in message
                done += 1
    return done


def test_every_kind_is_read_as_it_was_written_and_never_when_damaged(tmp_path, monkeypatch):
    for kind in KINDS:
        kind.read(kind.make(tmp_path / "whole", 0))
    monkeypatch.chdir(tmp_path)
    assert sweep_damages(Path("damaged"), 1, seed=0) == len(KINDS) * len(DAMAGES)


@pytest.mark.slow
@pytest.mark.faults
def test_damage_of_thousands_of_files_is_noticed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sweep_damages(Path("damaged"), 2500, seed=1) >= 2500


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_file_made_again_is_read_again(tmp_path, kind):
    path = kind.make(tmp_path, 0)
    flip(np.random.default_rng(0), path, kind)
    kind.make(tmp_path, 1)
    kind.read(path)


@pytest.mark.parametrize("size", [10_000_000])
def test_one_bit_in_a_large_file(tmp_path, size):
    path = tmp_path / "large.npy"
    begin_job(RULE, [path])
    with atomic_path(path) as temporary:
        temporary.write_bytes(bytes(size))
    assert verified(path) == path
    with open(path, "r+b") as handle:
        handle.seek(size - 1)
        handle.write(b"\x80")
    with pytest.raises(InputError):
        verified(path)


# What the entry is


def test_sha256sum_can_check_the_entries(tmp_path):
    names = ["a.tsv", "with space.tsv", "back\\slash.tsv", "β.tsv"]
    for name in names:
        write_as_rule(name, tmp_path / name)
    command = ["sh", "-c", f"sha256sum --check --strict {FOLDER}/*"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("OK") == len(names)
    assert run.stderr == ""
    (tmp_path / names[0]).write_text("b")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 1


def test_only_outputs_of_a_rule_are_recorded(tmp_path):
    write_text("x", tmp_path / "free.tsv")
    begin_job(RULE, [tmp_path / "owed.tsv"])
    write_text("x", tmp_path / "beside.tsv")
    write_text("x", tmp_path / "owed.tsv")
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["owed.tsv"]


def test_a_file_without_an_entry_is_used_and_the_log_says_so(tmp_path, caplog):
    own = tmp_path / "own.tsv"
    own.write_text("x")
    with caplog.at_level(logging.WARNING):
        assert verified(own) == own
        assert not caplog.records
        write_as_rule("x", tmp_path / "new.tsv")
        assert verified(own) == own
    assert "own.tsv has no checksum" in caplog.text


def test_what_is_absent_is_left_to_the_reader(tmp_path):
    path = write_as_rule("x", tmp_path / "x.tsv")
    path.unlink()
    assert verified(path) == path
    assert verified(tmp_path / "nowhere/x.tsv") == tmp_path / "nowhere/x.tsv"
    (tmp_path / "file").write_text("x")
    assert verified(tmp_path / "file/x.tsv") == tmp_path / "file/x.tsv"


def test_a_folder_moves_with_its_manifest(tmp_path):
    write_as_rule("x", tmp_path / "a/x.tsv")
    moved = shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert verified(moved / "x.tsv")
    (moved / "x.tsv").write_text("y")
    with pytest.raises(InputError):
        verified(moved / "x.tsv")


def test_a_user_who_edits_a_result_is_told(tmp_path):
    path = write_as_rule("regulator\ttarget\n", tmp_path / "reference.tsv")
    path.write_text("regulator\ttarget\nA\tB\n")
    with pytest.raises(InputError, match=f"rule {RULE} wrote .*edited by hand"):
        verified(path)


# The order of file and entry

KILLED = """
import os, signal, sys
from pathlib import Path
from gtgrn import manifest
from gtgrn.files import write_text
path = Path(sys.argv[1])
manifest.begin_job("some_rule", [path])
replace = os.replace
def kill(source, target):
    if Path(target) == path:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)
os.replace = kill
write_text("new", path)
"""


@pytest.mark.parametrize("old", [None, "old"])
def test_a_job_killed_between_entry_and_file_leaves_nothing_unvouched(tmp_path, old):
    path = tmp_path / "x.tsv"
    if old:
        write_as_rule(old, path)
    run = subprocess.run([sys.executable, "-c", KILLED, path], cwd=SCRIPTS, check=False)
    assert run.returncode == -signal.SIGKILL
    assert entry_of(path).read_text().startswith(hashlib.sha256(b"new").hexdigest())
    if old:
        with pytest.raises(InputError):
            verified(path)
    else:
        assert not path.exists()
    # The job runs again.
    write_as_rule("new", path)
    assert verified(path).read_text() == "new"


def test_an_entry_that_cannot_be_written_leaves_no_file(tmp_path, monkeypatch):
    path = tmp_path / "x.tsv"
    begin_job(RULE, [path])
    calls = []

    def fsync(handle):
        calls.append(handle)
        if len(calls) == 2:  # the file's is the first, the entry's the second
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        write_text("new", path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_jobs_write_into_one_folder_at_the_same_time(tmp_path):
    code = """
import sys
from pathlib import Path
from gtgrn import manifest
from gtgrn.files import write_text
paths = [Path(sys.argv[1], f"{sys.argv[2]}-{i}.tsv") for i in range(40)]
manifest.begin_job("rule", paths)
for path in paths:
    write_text(path.name, path)
"""
    jobs = [
        subprocess.Popen([sys.executable, "-c", code, tmp_path / "results", str(i)], cwd=SCRIPTS)
        for i in range(3)
    ]
    assert [job.wait() for job in jobs] == [0, 0, 0]
    files = [p for p in (tmp_path / "results").iterdir() if p.is_file()]
    assert len(files) == 120
    for path in files:
        assert verified(path).read_text() == path.name
    assert len(list((tmp_path / "results" / FOLDER).iterdir())) == 120


# The line a user reads


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("", "snakemake --cores 1 -R {}"),
        ("snakemake --cores 2", "snakemake --cores 2 -R {}"),
        ("snakemake --cores 2 -- report", "snakemake --cores 2 -R {} -- report"),
        (
            "snakemake --config 'datasets=[mine]' --cores all",
            "snakemake --config 'datasets=[mine]' --cores all -R {}",
        ),
        ("snakemake --cores 2 " + "x" * 300, "snakemake --cores 1 -R {}"),
    ],
)
def test_the_command_is_the_one_that_started_the_run(tmp_path, monkeypatch, given, shown):
    monkeypatch.setenv(COMMAND, given)
    monkeypatch.chdir(tmp_path)
    path = write_as_rule("x", Path("results/tiny/matrix.npy"))
    path.write_text("y")
    with pytest.raises(InputError) as caught:
        verified(path)
    assert str(caught.value).endswith(shown.format(path))
    assert len(str(caught.value)) <= 300


def test_a_path_that_leaves_no_room_for_a_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_as_rule("x", Path("/".join(["results", *["long" * 20] * 3, "x.tsv"])))
    path.write_text("y")
    with pytest.raises(InputError, match="Delete it, and run the same command again$"):
        verified(path)


def test_a_name_with_a_space_is_quoted():
    assert with_rerun(["snakemake"], Path("a b/c.tsv")) == "snakemake -R 'a b/c.tsv'"


@pytest.mark.parametrize("program", ["/x/bin/snakemake", "/x/snakemake/__main__.py"])
def test_a_run_announces_its_command_once(monkeypatch, program):
    monkeypatch.setenv(COMMAND, "")
    monkeypatch.delenv(COMMAND)
    manifest.announce_command([program, "--cores", "2"])
    manifest.announce_command([program, "--target-jobs", "x"])
    assert os.environ[COMMAND] == "snakemake --cores 2"


def test_a_library_that_loads_the_workflow_announces_nothing(monkeypatch):
    manifest.announce_command(["/x/bin/pytest", "-q"])
    assert COMMAND not in os.environ


# Every reader asks the manifest

READERS = {
    *(
        "np.load",
        "torch.load",
        "json.load",
        "yaml.load",
        "pickle.load",
        "read_csv",
        "read_h5ad",
        "read_text",
        "read_bytes",
        "open",
        "File",
        "fromfile",
    ),
    *("loadtxt", "genfromtxt", "memmap", "open_memmap", "read_json", "read_parquet", "read_hdf"),
    *("read_graphml", "read_excel", "read_loom", "read_zarr", "read_pickle", "safe_load"),
    *("mmread", "read_mtx", "read_10x_h5", "read_10x_mtx", "copyfile", "read_feather", "ZipFile"),
    *("load_npz", "read_fwf", "open_unpacked", "open_text", "unpacked_file"),
}
NO_RESULTS = {
    "code.py": "the code itself",
    "compiled.py": "the code itself",
    "plugins.py": "the code itself",
    "config": "the configuration",
    "yaml_files.py": "the configuration; simulation/boolean_models.py asks for its models",
    "manifest.py": "the manifest itself",
    "files.py": "the writer",
    "data/fetching.py": "downloads, which have checksums of their own",
    "data/archives.py": "downloads, which have checksums of their own",
    "data/source_files.py": "downloads, which have checksums of their own",
    "opening.py": "strangers' files, for readers that are checked here",
    "data/hdf5_probe.py": "strangers' files: data/readers.py has asked",
    "data/hierarchical.py": "strangers' files: data/readers.py has asked",
    "data/text_tables.py": "strangers' files: data/readers.py has asked",
    "data/mtx_folders.py": "strangers' files: data/readers.py has asked",
    "data/obs_columns.py": "a user's file, looked at for the plan before there is any result",
    "data/var_names.py": "a user's file, looked at for the plan before there is any result",
    "data/annotations.py": "a user's file",
    "workflow/folder.py": "the lock",
    "training/progress.py": "an unfinished training, with a checksum in the file",
    "report/runtime.py": "Snakemake's own files of benchmarks",
    "report/provenance.py": "the manifest itself",
    "report/methods_text.py": "the code itself",
    "report/assets": "the code itself",
    "command/main.py": "the version; a card that was just written",
    "snakemake_logger_plugin_gtgrn": "logs of jobs",
}


def unvouched_reads(source: str) -> list[str]:
    """Return the calls in a file that read a path which no call of ``verified`` gave."""
    found = []
    for scope in ast.walk(ast.parse(source)):
        if not isinstance(scope, ast.FunctionDef | ast.Module):
            continue
        nodes = list(own_nodes(scope))
        known = vouched_names(nodes)
        for node in nodes:
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).split(".")[-1]
            if name == "load":  # plug-ins are loaded too
                name = ast.unparse(node.func)
            used = [*node.args, *(word.value for word in node.keywords), node.func]
            if name in READERS and not writes(node) and not any(vouches(x, known) for x in used):
                found.append(f"{getattr(scope, 'name', '')} {ast.unparse(node)[:60]}")
    return found


def own_nodes(scope):
    """Walk a function or module without the functions inside."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def vouches(node, known) -> bool:
    """Return whether an expression holds a call of ``verified`` or a name that came from one."""
    return any(
        (isinstance(part, ast.Name) and part.id in known)
        or (isinstance(part, ast.Call) and getattr(part.func, "id", "") == "verified")
        for part in ast.walk(node)
    )


def vouched_names(nodes) -> set[str]:
    """Return the names that are bound to what ``verified`` gave, or to what was made of it."""
    known: set[str] = set()
    for _ in range(3):  # a name may come from a name that came from a name
        for node in nodes:
            bound = []
            if isinstance(node, ast.Assign):
                bound = [(target, node.value) for target in node.targets]
            elif isinstance(node, ast.With):
                bound = [(i.optional_vars, i.context_expr) for i in node.items if i.optional_vars]
            for target, value in bound:
                pairs = [(target, value)]
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    pairs = list(zip(target.elts, value.elts, strict=True))
                for one, other in pairs:
                    if vouches(other, known):
                        known |= {p.id for p in ast.walk(one) if isinstance(p, ast.Name)}
    return known


def writes(node: ast.Call) -> bool:
    """Return whether a call of ``open`` is for writing."""
    modes = [a.value for a in node.args if isinstance(a, ast.Constant)]
    return any(isinstance(m, str) and set(m) & set("wax") and len(m) <= 3 for m in modes)


def test_no_reader_of_results_goes_past_the_manifest():
    past, used = [], set()
    for path in sorted(SCRIPTS.rglob("*.py")):
        name = path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else SCRIPTS).as_posix()
        for read in unvouched_reads(path.read_text(encoding="utf-8")):
            places = {name, *map(str, Path(name).parents), f"{name} {read.split()[0]}"}
            exempt = places & NO_RESULTS.keys()
            used |= exempt
            past += [] if exempt else [f"{name}: {read}"]
    assert past == []
    assert used == NO_RESULTS.keys(), "an exemption that nothing needs"


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("def f(path):\n    return np.load(path)", 1),
        ("def f(path):\n    return np.load(verified(path))", 0),
        ("def f(path):\n    path = verified(path)\n    return pd.read_csv(path, sep='x')", 0),
        ("def f(path):\n    with open(path) as handle:\n        return handle.read()", 1),
        ("def f(path):\n    with open(verified(path)) as h:\n        return json.load(h)", 0),
        ("def f(path):\n    path, x = verified(path), 1\n    return Path(path).read_text()", 0),
        ("def f(path):\n    x, path = verified(x), path\n    return Path(path).read_text()", 1),
        ("def f(a):\n    a = verified(a)\n\ndef g(a):\n    return np.load(a)", 1),
        ("def f(path):\n    open(path, 'wb').write(b'')", 0),
    ],
)
def test_the_search_for_readers_can_find_one(code, count):
    assert len(unvouched_reads(code)) == count


# A full disk, for every kind of file

LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from damage_cases import KINDS
from gtgrn.files import describe_os_error

folder = Path(sys.argv[1])
(folder / "made_of").write_bytes(b"")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
for kind in KINDS:
    if kind.name != "clr.json":  # it needs a file beside it
        try:
            kind.write(np.random.default_rng(0), folder / kind.name)
        except OSError as error:
            print(describe_os_error(error))
        else:
            (folder / kind.name).unlink()
            print(kind.name, "fitted")
"""


@pytest.mark.parametrize("limit", [20, 1000])
def test_a_write_that_does_not_fit_is_one_line_whatever_is_written(tmp_path, limit):
    cases = Path(__file__).parent / "cases"
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path, str(limit)],
        env={**os.environ, "PYTHONPATH": f"{SCRIPTS}{os.pathsep}{cases}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    lines = run.stdout.splitlines()
    assert len(lines) == len(KINDS) - 1
    refused = [line for line in lines if not line.endswith("fitted")]
    assert len(refused) >= (6 if limit == 1000 else len(KINDS) - 1)
    for line in refused:
        assert line.startswith(str(tmp_path))
        assert "File too large; " in line
        assert "bytes are free there. Free or ask for space" in line
    assert [p.name for p in tmp_path.iterdir()] == ["made_of"]
