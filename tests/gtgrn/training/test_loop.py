from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from gtgrn.errors import InputError
from gtgrn.tables import read_table
from gtgrn.training.checkpoints import load_checkpoint, save_checkpoint, write_history
from gtgrn.training.loop import EarlyStopping, seeded
from torch import nn


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def small_model():
    """Return a module with parameters and with buffers that are not parameters."""
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def fill(model, value):
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.fill_(value)


def filled_with(model):
    return {float(v) for tensor in model.state_dict().values() for v in tensor.flatten()}


# seeded


def test_seeded_gives_the_stream_of_its_seed():
    with seeded(5):
        drawn = torch.rand(4), torch.randn(4)
    torch.manual_seed(5)
    expected = torch.rand(4), torch.randn(4)
    assert all(torch.equal(a, b) for a, b in zip(drawn, expected, strict=True))


def test_seeded_leaves_the_global_stream_where_it_was():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with seeded(5):
        torch.rand(100)
        with seeded(6):
            torch.rand(100)
    assert torch.equal(torch.get_rng_state(), before)


def test_seeded_restores_the_stream_after_an_error():
    def fail():
        torch.rand(3)
        raise KeyError

    before = torch.get_rng_state()
    with pytest.raises(KeyError), seeded(5):
        fail()
    assert torch.equal(torch.get_rng_state(), before)


# EarlyStopping


def test_the_best_state_is_restored_not_the_last_with_its_buffers():
    model = small_model()
    stopping = EarlyStopping(model, patience=10)
    for epoch, value in enumerate([0.1, 0.5, 0.4, 0.2]):
        fill(model, epoch)
        stopping.check(value, epoch)
    stopping.restore()
    assert (stopping.best, stopping.epoch) == (0.5, 1)
    assert filled_with(model) == {1.0}


def test_the_first_of_equal_values_is_kept_and_a_tie_is_no_improvement():
    model = small_model()
    stopping = EarlyStopping(model, patience=2)
    fill(model, 0)
    assert not stopping.check(0.5, 0)
    fill(model, 1)
    assert not stopping.check(0.5, 1)
    assert stopping.check(0.5, 2)
    stopping.restore()
    assert filled_with(model) == {0.0}


def test_patience_counts_consecutive_checks_and_restarts_on_improvement():
    stopping = EarlyStopping(small_model(), patience=3)
    values = [0.1, 0.0, 0.0, 0.2, 0.1, 0.1, 0.1]
    assert [stopping.check(value, i) for i, value in enumerate(values)] == [False] * 6 + [True]


def test_nan_is_no_improvement():
    model = small_model()
    stopping = EarlyStopping(model, patience=2)
    fill(model, 0)
    assert not stopping.check(-3.0, 0)
    fill(model, 1)
    assert not stopping.check(float("nan"), 1)
    assert stopping.check(float("nan"), 2)
    stopping.restore()
    assert filled_with(model) == {0.0}


def test_a_negative_value_beats_nothing():
    stopping = EarlyStopping(small_model(), patience=1)
    assert not stopping.check(-1e9, 0)
    assert stopping.best == -1e9


# Files


def test_history_is_a_table_of_one_row_an_epoch(tmp_path):
    rows = [{"epoch": 0, "loss": 0.5}, {"epoch": 1, "loss": 0.25}]
    write_history(rows, tmp_path / "history.tsv")
    table = read_table(tmp_path / "history.tsv", ["epoch", "loss"])
    assert table.to_dict("records") == rows


def test_checkpoint_round_trip(tmp_path):
    model, config, genes = small_model(), {"b": [1, 2], "a": {"x": None}}, ["B", "A", "NA"]
    save_checkpoint(tmp_path / "m.pt", model, config=config, genes=genes)
    state, read_config, read_genes = load_checkpoint(tmp_path / "m.pt")
    assert (read_config, read_genes) == (config, genes)
    assert state.keys() == model.state_dict().keys()
    for name, value in model.state_dict().items():
        assert torch.equal(state[name], value)
        assert not state[name].requires_grad
    assert isinstance(torch.load(tmp_path / "m.pt", weights_only=True), dict)


def test_the_bytes_of_a_checkpoint_depend_on_neither_its_name_nor_the_process(
    tmp_path, monkeypatch
):
    with seeded(0):
        model = small_model()
    for i, pid in enumerate((7, 123456)):
        monkeypatch.setattr("os.getpid", lambda pid=pid: pid)
        save_checkpoint(tmp_path / f"{'x' * i}m.pt", model, config={}, genes=["A"])
    assert (tmp_path / "m.pt").read_bytes() == (tmp_path / "xm.pt").read_bytes()


class Trap:
    """Sets a flag when it is unpickled."""

    sprung = False

    def __reduce__(self):
        return (setattr, (Trap, "sprung", True))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_checkpoint_that_would_run_code_is_refused_and_runs_none(tmp_path):
    path = tmp_path / "m.pt"
    torch.save({"state": {}, "config": "{}", "genes": Trap()}, path)
    with pytest.raises(InputError, match="checkpoint"):
        load_checkpoint(path)
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(InputError, match="checkpoint"):
        load_checkpoint(path)
    assert not Trap.sprung


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_checkpoint_is_an_input_error(tmp_path, share):
    path = tmp_path / "m.pt"
    save_checkpoint(path, small_model(), config={}, genes=["A"])
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"m\.pt"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        torch.ones(2),
        {"state": {}},
        {"state": {}, "config": "no json", "genes": []},
        {"state": {}, "config": 3, "genes": []},
    ],
    ids=["list", "tensor", "keys", "json", "config"],
)
@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence")
def test_a_file_that_is_no_such_checkpoint_is_an_input_error(tmp_path, content):
    torch.save(content, tmp_path / "m.pt")
    with pytest.raises(InputError, match="Train the model again"):
        load_checkpoint(tmp_path / "m.pt")


def test_an_absent_checkpoint_is_an_input_error(tmp_path):
    with pytest.raises(InputError):
        load_checkpoint(tmp_path / "absent.pt")


def test_a_checkpoint_is_complete_or_absent(tmp_path):
    with pytest.raises(TypeError):
        save_checkpoint(tmp_path / "m.pt", small_model(), config={"a": np.array([1])}, genes=[])
    assert list(tmp_path.iterdir()) == []
