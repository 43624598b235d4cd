"""Trainings that are killed and go on, and trainings that diverge."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from gtgrn.code import modules as modules_of
from gtgrn.embeddings.bert import train_bert
from gtgrn.embeddings.vae import train_vae
from gtgrn.embeddings.walks import Walks
from gtgrn.errors import InputError
from gtgrn.models.gtgrn import full
from gtgrn.models.gtgrn import paper as gtgrn
from gtgrn.names import LABEL, PART, REGULATOR, TARGET, TEST, TRAIN, VAL
from gtgrn.training.checkpoints import save_checkpoint, write_history
from gtgrn.training.progress import Progress, fingerprint
from torch import nn

GENES = [f"g{i:02d}" for i in range(20)]
HANG = 6 * 3600
"""Seconds after which a child process is taken to hang."""
MODULE = "gtgrn.training.progress"


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    torch.set_num_threads(1)
    # What the steps hide is drawn once; more draws would only take longer.
    monkeypatch.setattr(full, "DRAWS", dict.fromkeys(full.DRAWS, 4))


def make_pairs():
    rng = np.random.default_rng(0)
    codes = np.array([(r, g) for r in range(6) for g in range(20) if r != g])
    return pd.DataFrame(
        {
            REGULATOR: np.array(GENES, dtype=object)[codes[:, 0]],
            TARGET: np.array(GENES, dtype=object)[codes[:, 1]],
            LABEL: (codes.sum(axis=1) % 2 == 0) ^ (rng.random(len(codes)) < 0.1),
            PART: rng.choice([TRAIN, VAL, TEST], len(codes), p=[0.6, 0.2, 0.2]),
        }
    ).astype({LABEL: int})


def expression(cells=12):
    return np.random.default_rng(0).gamma(2.0, size=(cells, 20)).astype(np.float32)


def paper(**options):
    small = {"dimensions": 8, "layers": 1, "heads": 2, "epochs": 8, "check_every": 2, "seed": 0}
    small |= {"norm": "layer", "learning_rate": 1e-3}
    features = {"P": expression(3).T, "E": expression(4).T}
    return gtgrn.fit(make_pairs(), GENES, features, **(small | options))


def whole(**options):
    small = {"ensemble": 2, "dimensions": 8, "heads": 2, "rank": 4, "epochs": 8, "seed": 0}
    features = {"X": expression().T}
    return full.fit(make_pairs(), GENES, features, check_every=2, **(small | options))


def bert(**options):
    rng = np.random.default_rng(0)
    nodes = rng.integers(0, 20, (40, 6)).astype(np.int32)
    walks = Walks(GENES, ["n"], nodes, np.zeros(40, dtype=np.int16))
    small = {"dimensions": 8, "layers": 1, "heads": 2, "feedforward": 8, "batch_size": 16}
    return train_bert(walks, **(small | {"epochs": 6, "seed": 0} | options))


def vae(**options):
    small = {"latent": 3, "hidden": 8, "batch_size": 8, "epochs": 6, "seed": 0}
    return train_vae(expression(), **(small | options))


TRAININGS = {"paper": paper, "full": whole, "bert": bert, "vae": vae}
all_trainings = pytest.mark.parametrize("name", TRAININGS)


def write_all(folder, result):
    """Write what the scripts write, and give the bytes of all files."""
    folder.mkdir(exist_ok=True)
    save_checkpoint(folder / "m.pt", result.model, config=result.config, genes=GENES)
    write_history(result.history, folder / "history.tsv")
    arrays = [getattr(result, name, None) for name in ("scores", "embeddings", "values")]
    for i, values in enumerate(arrays):
        if values is not None:
            np.save(folder / f"{i}.npy", values)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class KilledError(Exception):
    """Stands for the end of a job."""


def kill_after(monkeypatch, saves):
    """Let a training fail right after a number of saves."""
    save, count = Progress.save, [0]

    def failing(self, *args, **kwargs):
        save(self, *args, **kwargs)
        count[0] += 1
        if count[0] == saves:
            raise KilledError

    monkeypatch.setattr(Progress, "save", failing)


@all_trainings
@pytest.mark.parametrize("saves", [1, 5])
def test_an_interrupted_training_gives_the_bytes_of_one_that_was_not(
    tmp_path, monkeypatch, caplog, name, saves
):
    train = TRAININGS[name]
    expected = write_all(tmp_path / "plain", train())
    resume = tmp_path / "resume.pt"
    with monkeypatch.context() as patch:
        kill_after(patch, saves)
        with pytest.raises(KilledError):
            train(resume=resume, save_every=0)
    assert list(tmp_path.glob("resume*.pt"))
    steps = []
    backward = torch.Tensor.backward
    monkeypatch.setattr(torch.Tensor, "backward", lambda x: steps.append(1) or backward(x))
    with caplog.at_level(logging.INFO):
        resumed = train(resume=resume, save_every=0)
    taken = len(steps)
    assert f"going on after epoch {saves}" in caplog.text
    assert write_all(tmp_path / "resumed", resumed) == expected
    steps.clear()
    train()
    assert 0 < taken < len(steps), "what was done is not done again"
    assert not list(tmp_path.glob("resume*.pt")), "a training that has ended leaves no state"


def test_members_of_an_ensemble_that_have_ended_are_not_trained_again(tmp_path, monkeypatch):
    expected = write_all(tmp_path / "plain", whole())
    with monkeypatch.context() as patch:
        # Eight epochs and the end of the first member, and two epochs of the second.
        kill_after(patch, 11)
        with pytest.raises(KilledError):
            whole(resume=tmp_path / "resume.pt", save_every=0)
    assert len(list(tmp_path.glob("resume.*.pt"))) == 2
    begun = []
    resume = Progress.resume

    def spy(self, **parts):
        begun.append(resume(self, **parts)[0])
        return begun[-1], resume(self, **parts)[1]

    monkeypatch.setattr(Progress, "resume", spy)
    resumed = whole(resume=tmp_path / "resume.pt", save_every=0)
    assert begun == [8, 2]
    assert write_all(tmp_path / "resumed", resumed) == expected


@all_trainings
def test_early_stopping_goes_on_counting(tmp_path, monkeypatch, name):
    options = {"patience": 3, "epochs": 40}
    expected = write_all(tmp_path / "plain", TRAININGS[name](**options))
    with monkeypatch.context() as patch:
        kill_after(patch, 2)
        with pytest.raises(KilledError):
            TRAININGS[name](**options, resume=tmp_path / "r.pt", save_every=0)
    resumed = TRAININGS[name](**options, resume=tmp_path / "r.pt", save_every=0)
    assert write_all(tmp_path / "resumed", resumed) == expected


@all_trainings
def test_a_state_of_other_options_or_data_is_ignored(tmp_path, monkeypatch, caplog, name):
    resume = tmp_path / "resume.pt"
    with monkeypatch.context() as patch:
        kill_after(patch, 2)
        with pytest.raises(KilledError):
            TRAININGS[name](seed=1, resume=resume, save_every=0)
    expected = write_all(tmp_path / "plain", TRAININGS[name]())
    with caplog.at_level(logging.INFO):
        result = TRAININGS[name](resume=resume)
    assert "of other options, data or code" in caplog.text
    assert "going on" not in caplog.text
    assert write_all(tmp_path / "other", result) == expected


@pytest.mark.parametrize("damage", ["empty", "head", "half", "end", "flipped", "text", "folder"])
def test_a_damaged_state_is_ignored_with_a_warning(tmp_path, monkeypatch, caplog, damage):
    resume = tmp_path / "resume.pt"
    with monkeypatch.context() as patch:
        kill_after(patch, 2)
        with pytest.raises(KilledError):
            vae(resume=resume, save_every=0)
    data = resume.read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    damaged = {
        "empty": b"",
        "head": data[:40],
        "half": data[: len(data) // 2],
        "end": data[:-1],
        "flipped": bytes(flipped),
        "text": b"no state at all" * 30,
    }
    if damage == "folder":
        resume.unlink()
        resume.mkdir()
    else:
        resume.write_bytes(damaged[damage])
    with caplog.at_level(logging.WARNING):
        result = vae(resume=resume)
    assert "ignored" in caplog.text
    assert "resume.pt" in caplog.text
    assert np.array_equal(result.values, vae().values)


def test_a_state_that_would_run_code_is_refused(tmp_path):
    """Only tensors and plain values are read, whatever the digest says."""
    progress = Progress(tmp_path / "r.pt", {}, module=MODULE, every=0)

    class Part:
        def state_dict(self):
            return Path

    progress.resume(part=Part())
    progress.save(1, [])
    with pytest.raises(Exception, match="[Ww]eights"):
        Progress(tmp_path / "r.pt", {}, module=MODULE).resume(part=Part())


def test_a_full_disk_does_not_end_the_training(tmp_path, monkeypatch, caplog):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with caplog.at_level(logging.WARNING):
        result = vae(resume=tmp_path / "r.pt", save_every=0)
    assert "could not be saved" in caplog.text
    assert "No space" in caplog.text
    assert np.array_equal(result.values, vae().values)


def test_states_are_saved_at_most_every_so_many_seconds(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("gtgrn.training.progress.time.monotonic", lambda: clock[0])
    progress = Progress(tmp_path / "r.pt", {}, module=MODULE, every=60)
    progress.resume(model=nn.Linear(1, 1))
    written = []
    for second in range(0, 200, 20):
        clock[0] = second
        progress.save(second, [])
        if (tmp_path / "r.pt").exists():
            written.append(second)
            (tmp_path / "r.pt").unlink()
    assert written == [60, 120, 180]
    progress.save(999, [], now=True)
    assert (tmp_path / "r.pt").exists()


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for train in TRAININGS.values():
        train()
    assert not list(tmp_path.iterdir())


def test_global_random_state_is_not_moved_by_going_on(tmp_path, monkeypatch):
    for name, train in TRAININGS.items():
        with monkeypatch.context() as patch:
            kill_after(patch, 2)
            with pytest.raises(KilledError):
                train(resume=tmp_path / name, save_every=0)
        before = torch.get_rng_state()
        train(resume=tmp_path / name)
        assert torch.equal(torch.get_rng_state(), before), name


# The fingerprint


def test_the_fingerprint_tells_values_apart_that_look_alike():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    different = [
        {},
        {"a": 1},
        {"a": 1.0},
        {"a": "1"},
        {"a": [1]},
        {"a": None},
        {"a": {"b": 1}, "c": 2},
        {"a": {"b": 1, "c": 2}},
        {"a": ["xy", "z"]},
        {"a": ["x", "yz"]},
        {"a": np.zeros((2, 3))},
        {"a": np.zeros((3, 2))},
        {"a": np.zeros((3, 2), dtype=np.float32)},
        {"a": torch.ones(3, 2)},
        {"a": frame},
        {"a": frame[::-1]},
        {"a": frame.assign(b=["x", "z"])},
        {"a": frame.rename(columns={"b": "c"})},
        {"a": frame.assign(a=pd.array([1, None], dtype="Int64"))},
    ]
    assert len({fingerprint(x, module=MODULE) for x in different}) == len(different)


def test_the_fingerprint_knows_nothing_of_order_of_names_or_of_where_states_are_saved():
    plain = fingerprint({"a": 1, "b": np.arange(3)}, module=MODULE)
    assert fingerprint({"b": np.arange(3), "a": 1}, module=MODULE) == plain
    assert (
        fingerprint({"a": 1, "b": np.arange(3), "resume": "x", "save_every": 3}, module=MODULE)
        == plain
    )


def test_the_fingerprint_depends_on_the_number_of_threads_and_on_torch(monkeypatch):
    found = {fingerprint({}, module=MODULE)}
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    found.add(fingerprint({}, module=MODULE))
    monkeypatch.setattr(torch, "__version__", "0.0")
    found.add(fingerprint({}, module=MODULE))
    assert len(found) == 3


def test_the_fingerprint_depends_on_the_code_of_the_training(monkeypatch):
    modules = ["gtgrn.models.gtgrn.paper", "gtgrn.models.gtgrn.full", "gtgrn.embeddings.vae"]
    plain = {module: fingerprint({}, module=module) for module in modules}
    assert len({*plain.values()}) == len(modules)
    read = Path.read_bytes
    edited = Path(modules_of()["gtgrn.models.gtgrn.two_role"])
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"#" * (path == edited))
    changed = {module for module in modules if fingerprint({}, module=module) != plain[module]}
    assert changed == {"gtgrn.models.gtgrn.full"}


# A kill that no handler sees

CHILD = """
import sys, time
sys.path[:0] = {paths!r}
import test_resume, torch
torch.set_num_threads(1)
step = torch.optim.AdamW.step
def slow(*args, **kwargs):
    time.sleep({pause})
    return step(*args, **kwargs)
torch.optim.AdamW.step = slow
result = test_resume.paper(epochs=60, patience=60, resume={resume!r}, save_every=0.0)
test_resume.write_all(test_resume.Path({folder!r}), result)
"""


def start_child(tmp_path, folder, pause):
    here = Path(__file__).resolve()
    code = CHILD.format(
        paths=[str(here.parent), str(here.parents[3] / "scripts")],
        pause=pause,
        resume=str(tmp_path / "resume.pt"),
        folder=str(tmp_path / folder),
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_process_that_is_killed_goes_on(tmp_path):
    expected = write_all(tmp_path / "plain", paper(epochs=60, patience=60))
    child = start_child(tmp_path, "killed", pause=0.2)
    deadline = time.monotonic() + HANG
    while not (tmp_path / "resume.pt").exists():
        assert child.poll() is None, child.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    child.stderr.close()
    assert not (tmp_path / "killed").exists()
    assert (tmp_path / "resume.pt").exists()
    second = start_child(tmp_path, "resumed", pause=0.0)
    _, errors = second.communicate(timeout=HANG)
    assert second.returncode == 0, errors
    found = {path.name: path.read_bytes() for path in sorted((tmp_path / "resumed").iterdir())}
    assert found == expected
    assert not (tmp_path / "resume.pt").exists()


# Divergence

KEYS = {
    "paper": "gtgrn.learning_rate",
    "full": "gtgrn.learning_rate",
    "bert": "bert.learning_rate",
    "vae": "vae.learning_rate",
}


@all_trainings
def test_a_training_that_diverges_names_the_learning_rate(name):
    with pytest.raises(InputError, match="Lower the learning rate") as caught:
        TRAININGS[name](learning_rate=1e30)
    assert caught.value.field == KEYS[name]
    assert "diverged" in str(caught.value)


@all_trainings
def test_it_does_so_in_the_last_epoch_too(name):
    with pytest.raises(InputError, match="diverged"):
        TRAININGS[name](learning_rate=1e30, epochs=1)
