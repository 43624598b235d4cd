"""A method, a peer and a section of the report, each as small as one file can be."""

TOY_MODULE = """
import numpy as np
import pandas as pd


def infer(expression, regulators, *, seed, threads=1, power=1.0):
    variance = expression.var() ** power
    rows = [(r, t, variance[t]) for r in regulators for t in expression]
    return pd.DataFrame(rows, columns=["regulator", "target", "weight"])
"""

TOY_PEER = '''
"""Products of linear maps of expression."""

from dataclasses import dataclass

import torch
from torch import nn

from gtgrn.config.options import option
from gtgrn.models.peer import Peer
from gtgrn.models.peer_training import BatchSchedule
from gtgrn.splits.exposure import SCORING

ENVIRONMENT = "torch"


@dataclass(frozen=True, kw_only=True)
class Options(BatchSchedule):
    """Options of the toy."""

    width: int = option(4, "Width of a state.", minimum=1)


FORMS = {"published": Options(epochs=1), "repaired": Options(epochs=1, width=2)}


class Toy(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.map = nn.Linear(inputs, width)

    def represent(self, task, x):
        nothing = torch.empty(0, dtype=torch.long)
        task.exposure.see(SCORING, (nothing, nothing))
        return self.map(x)

    def decode(self, states, regulator, target):
        return (states[regulator] * states[target]).sum(1)


PEER = Peer("toy", FORMS, Toy, lambda x: x, lambda *arguments: [{"epoch": 0}])
fit, score = PEER.fit, PEER.score
'''

TOY_SECTION = '''
"""A toy."""

STUDY = "toys"
TITLE = "Toys of this run"
LEAD = "How many edges are known."
ORDER = 15
DATASET_FILES = {"judged": ["reference.tsv"]}


def make(results, datasets):
    """Count the known edges."""
    files = [results / name / "reference.tsv" for name in datasets]
    rows = [[str(len(file.read_text().splitlines()) - 1)] for file in files if file.exists()]
    return {"tables": [{"caption": "Known", "columns": ["edges"], "rows": rows}], "figures": []}
'''
