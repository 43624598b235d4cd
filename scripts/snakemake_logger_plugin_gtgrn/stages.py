"""The stages of a run, and how far it is: what the terminal shows instead of every job."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

STAGES = {
    "data": r"fetch_\w+|try_\w+|simulate_\w+|preprocess_\w+|prepare_\w+|summarise_\w+|"
    r"select_group|list_\w+|draw_split|import_network",
    "expression-only networks": r"infer_\w+|gather_\w+|combine_networks|describe_networks|"
    r"judge_networks|measure_stability",
    "models": r"train_\w+|encode_positions|sample_walks|score_nulls|score_context_nulls|"
    r"score_expression_null|score_context_features_null|rank_by_context|tune_model|"
    r"choose_hyperparameters",
    "evaluation": r"evaluate_split|audit_leakage|measure_nulls|judge_without_labels|"
    r"compare_link_prediction|compare_peers|compare_ablations|collect_\w+",
    "network and studies": r"build_network|write_regulons|judge_overlap|score_activity|"
    r"rank_regulators|map_embeddings|annotate_cells|compare_conditions|\w*perturb\w*|regenerate_networks|"
    r"study_protocol|draw_\w+",
    "report": r"build_report|all|report|paper|table\d|fig\d",
}
"""Stage -> names of its rules; the first that matches counts. Targets are of the last."""
FEWEST = 5
"""Finished jobs before which nothing is said of the time left."""


def stage_of(rule: str) -> str:
    """Return the stage of a rule; one that is not known here is a target."""
    return next((name for name, rules in STAGES.items() if re.fullmatch(rules, rule)), "report")


def spell_time(seconds: float) -> str:
    """Return a time as people say it: ``40 s``, ``7 min`` or ``2 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


@dataclass
class Progress:
    """How many jobs of each rule there are and are done, and how long they took.

    Attributes
    ----------
    clock
        Returns the time in seconds.
    planned, done
        Jobs by rule.
    spent
        Seconds of finished jobs by rule.
    rules, started
        Of the jobs by their number.
    """

    clock: Callable[[], float]
    planned: Counter = field(default_factory=Counter)
    done: Counter = field(default_factory=Counter)
    spent: Counter = field(default_factory=Counter)
    rules: dict[int, str] = field(default_factory=dict)
    started: dict[int, float] = field(default_factory=dict)
    begin: float = 0.0

    def plan(self, jobs: Mapping[str, int]) -> None:
        """Take the numbers of jobs by rule, which a checkpoint may raise later."""
        self.planned = Counter({rule: int(n) for rule, n in jobs.items() if rule != "total"})
        self.begin = self.begin or self.clock()

    def start(self, job: int) -> None:
        """Note that a job starts."""
        self.started[job] = self.clock()

    def finish(self, job: int) -> str:
        """Note that a job is done, and return its stage."""
        rule = self.rules.get(job, "all")
        self.done[rule] += 1
        self.spent[rule] += self.clock() - self.started.pop(job, self.clock())
        return stage_of(rule)

    def count(self, stage: str | None = None) -> tuple[int, int]:
        """Return how many jobs are done and planned, of a stage or of all."""
        rules = [rule for rule in self.planned if stage in (None, stage_of(rule))]
        planned = sum(self.planned[rule] for rule in rules)
        return min(sum(self.done[rule] for rule in rules), planned), planned

    def running(self) -> list[str]:
        """Return the rules of the jobs that run."""
        return sorted({self.rules[job] for job in self.started if job in self.rules})

    def passed(self) -> float:
        """Return the seconds since the run began."""
        return self.clock() - self.begin

    def left(self) -> float | None:
        """Return the seconds that are left, or None where too little is done to say.

        Jobs that wait are taken to last as those of their rule did, or as all did on average; what
        jobs spent over what has passed says how many run at a time.
        """
        finished, spent = sum(self.done.values()), sum(self.spent.values())
        if finished < FEWEST or spent <= 0:
            return None
        waiting = 0.0
        for rule, planned in self.planned.items():
            mean = self.spent[rule] / self.done[rule] if self.done[rule] else spent / finished
            waiting += max(planned - self.done[rule], 0) * mean
        now = self.clock()
        waiting -= sum(now - start for start in self.started.values())
        return max(waiting, 0.0) / max(spent / max(self.passed(), 1e-9), 1e-9)
