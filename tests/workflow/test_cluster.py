"""The workflow on a cluster: SLURM's own daemons on this machine, one node with two GPUs in name.

``make test-cluster`` runs it, as root on a machine where Debian's slurmctld, slurmd and munge are
installed. The configuration has to lie in its usual place, since steps of a job look there.

There is one run, from counts to the network, in which all happens that happens on clusters: the
node is drained at first, the run is killed and repeated, jobs run out of time and of memory, one
is cancelled, one loses its node. The tests read afterwards what the scheduler remembers.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from project_cases import HANG, TINY, Project, make_tiny

PLACE = Path("/etc/slurm/slurm.conf")
MARK = "# of GT-GRN's tests\n"
DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch")


def why_not() -> str:
    """Return why no cluster can be had here."""
    if os.geteuid() != 0:
        return "only root can start SLURM's daemons"
    missing = [name for name in DAEMONS if not shutil.which(name)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    foreign = PLACE.exists() and not PLACE.read_text().startswith(MARK)
    return f"{PLACE} exists: this machine belongs to a cluster" if foreign else ""


def end_processes_of(folder: Path) -> None:
    """End what works in a folder: an attempt that lost its node does not know it."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").resolve().is_relative_to(folder):
                os.kill(int(process.name), signal.SIGKILL)


def end_daemons_of_a_killed_test() -> None:
    """End what a killed test left; its configuration says where its daemons wrote their number."""
    text = PLACE.read_text() if PLACE.exists() else ""
    for name in re.findall(r"^Slurm(?:ctld|d)PidFile=(.+)$", text, re.MULTILINE):
        path = Path(name)
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(path.read_text()), signal.SIGTERM)
        end_processes_of(path.parents[1])


pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}
SlurmUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
SchedulerParameters=sched_interval=1,batch_sched_delay=1
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
KillWait=2
MessageTimeout=60
SlurmdTimeout=3600
MinJobAge=86400
AccountingStorageType=accounting_storage/none
NodeName={host} CPUs=64 RealMemory=64000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


START = 600
"""Seconds after which daemons that answer nothing are given up; seconds are usual."""


def wait_until(
    found: Callable[[], object],
    what: str,
    give_up: float = HANG,
    run: subprocess.Popen | None = None,
) -> object:
    """Return what a function finds once it finds something; a run must not end meanwhile."""
    deadline = time.monotonic() + give_up
    while not (result := found()):
        assert run is None or run.poll() is None, f"the run ended before there was {what}"
        if give_up < HANG and time.monotonic() > deadline:
            pytest.skip(f"waited in vain for {what}")
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.5)
    return result


def ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def read_jobs() -> list[dict[str, str]]:
    """Return the fields of all jobs that the scheduler remembers, the oldest first."""
    blocks = ask("scontrol", "--oneliner", "show", "job").splitlines()
    fields = [dict(re.findall(r"(\w+)=(\S*)", block)) for block in blocks if "JobId=" in block]
    return sorted(fields, key=lambda job: int(job["JobId"]))


def jobs_of(label: str) -> list[dict[str, str]]:
    """Return the jobs whose comment has a label: a rule, a group, the item of a shard."""
    return [job for job in read_jobs() if label in job["Comment"]]


def states(label: str) -> list[str]:
    """Return the states of jobs with a label, the oldest first."""
    return [job["JobState"] for job in jobs_of(label)]


@pytest.fixture(scope="module")
def node(tmp_path_factory) -> Iterator[str]:
    """Start the daemons; the node's name."""
    end_daemons_of_a_killed_test()
    folder, host = tmp_path_factory.mktemp("slurm"), socket.gethostname()
    for name in ("state", "spool", "logs"):
        (folder / name).mkdir()
    for number in range(2):
        os.mknod(folder / f"gpu{number}", 0o020666, os.makedev(1, 3))
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    gpus = PLACE.with_name("gres.conf")
    PLACE.write_text(MARK + CONFIGURATION.format(host=host, folder=folder))
    gpus.write_text(f"Name=gpu File={folder}/gpu[0-1]\n")
    Path("/run/munge").mkdir(exist_ok=True)
    shutil.chown("/run/munge", "munge", "munge")
    commands = [["runuser", "-u", "munge", "--", "munged", "--foreground"]]
    if ask("munge", "-n"):
        commands = []  # munge is at work already
    commands += [["slurmctld", "-D", "-c"], ["slurmd", "-D", "-N", host]]
    started = []
    try:
        for command in commands:
            log = (folder / "logs" / f"{len(started)}_{command[0]}").open("w")
            started.append(
                subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            )
            time.sleep(1)

        def is_idle() -> bool:
            assert all(daemon.poll() is None for daemon in started), read_logs(folder / "logs")
            return "idle" in ask("sinfo", "-h", "-o", "%T")

        wait_until(is_idle, "a node of SLURM that is idle", START)
        yield host
    finally:
        for process in reversed(started):
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        PLACE.unlink()
        gpus.unlink()


def read_logs(folder: Path) -> str:
    """Return the end of what each daemon said."""
    return "\n".join(f"{path.name}: {path.read_text()[-500:]}" for path in folder.iterdir())


SETTINGS = {
    **TINY,
    "inference": {
        "methods": ["genie3", "grnboost2", "extratrees", "pearson", "random"],
        "options": {**TINY["inference"]["options"], "extratrees": {"n_estimators": 10}},
        "shards": 2,
    },
    "walks": {**TINY["walks"], "networks": ["pearson"]},
    "ablations": {"variants": []},
    "network": {"graph_edges": 20, "beside": []},
}
NETWORK = "results/tiny/network.tsv.gz"
TARGETS = [NETWORK, "results/tiny/networks/random.tsv.gz"]
SHARD = "infer_{}_wildcards_tiny_{}-of-2"
OUT_OF_TIME = SHARD.format("genie3", 1)
OUT_OF_MEMORY = SHARD.format("grnboost2", 1)
CANCELLED = SHARD.format("grnboost2", 2)
LOSES_ITS_NODE = SHARD.format("extratrees", 1)
DISTURBED = [OUT_OF_TIME, OUT_OF_MEMORY, CANCELLED, LOSES_ITS_NODE]
FIRST_ATTEMPT = f"""
import time
from pathlib import Path

item = snakemake.wildcards.get("scatteritem")
label = f"infer_{{snakemake.params.method}}_wildcards_tiny_{{item}}"
if label in {DISTURBED} and not (mark := Path(f"first_{{label}}")).exists():
    mark.touch()
    if label == "{OUT_OF_MEMORY}":
        held = b"1" * (3000 << 20)
    time.sleep(36000)
"""


def make_disturbed(folder: Path) -> Project:
    """Make a project in which the first attempt of some jobs hangs or takes too much memory."""
    project = make_tiny(folder, **SETTINGS)
    script = project.folder / "scripts/infer_network.py"
    script.write_text(FIRST_ATTEMPT + script.read_text())
    rules = project.folder / "workflow/rules/inference.smk"
    text = rules.read_text()
    for old, new in (
        ("mem_mb=scaled(4000)", "mem_mb=scaled(1500 if method == 'grnboost2' else 4000)"),
        ("runtime=scaled(720)", "runtime=scaled(1 if method == 'genie3' else 720)"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    rules.write_text(text)
    return project


def has_ended(label: str) -> bool:
    """Tell whether the first job with a label has ended."""
    return states(label)[0] not in ("RUNNING", "PENDING")


def disturb(node: str, project: Project, run: subprocess.Popen) -> None:
    """Do to a run what clusters do to runs."""
    wait_until(lambda: "PENDING" in states("rule_data_"), "a job that waits", run=run)
    assert {job["JobState"] for job in read_jobs()} == {"CANCELLED", "PENDING"}
    ask("scontrol", "update", f"nodename={node}", "state=resume")
    marks = [project.folder / f"first_{label}" for label in DISTURBED]
    wait_until(lambda: all(mark.exists() for mark in marks), "all first attempts", run=run)
    ask("scancel", jobs_of(CANCELLED)[0]["JobId"])
    for label in (CANCELLED, OUT_OF_TIME, OUT_OF_MEMORY):
        wait_until(partial(has_ended, label), f"an end of {label}", run=run)
    # Only then, since it takes down all that runs.
    assert states(LOSES_ITS_NODE) == ["RUNNING"]
    ask("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    ask("scontrol", "update", f"nodename={node}", "state=resume")


def run_locally(folder: Path) -> Project:
    """Make and run the same project without a cluster and without what disturbs it."""
    project = make_disturbed(folder)
    for label in DISTURBED:
        (project.folder / f"first_{label}").touch()
    run = project.snakemake("--cores", "2", "--", *TARGETS)
    assert run.returncode == 0, run.stdout[-3000:]
    return project


def start(project: Project, log: Path) -> subprocess.Popen:
    """Start a run with the shipped profile."""
    profile = ["--workflow-profile", "profiles/slurm", "--latency-wait", "5"]
    # What the profile says of small nodes.
    profile += ["--max-threads", "4"]
    often = ["--slurm-init-seconds-before-status-checks", "1"]
    # On a slow machine a job whose time is a minute may need more attempts than the profile's.
    often += ["--seconds-between-status-checks", "1", "--retries", "5"]
    with log.open("w") as file:
        return subprocess.Popen(
            project.command(*profile, *often, "--", *TARGETS),
            cwd=project.folder,
            env=project.environment(),
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def kill(run: subprocess.Popen) -> None:
    """End a run, if it still runs, as `kill -9` does."""
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def kill_and_repeat(project: Project) -> str:
    """Kill a run whose first job waits, and start another; what that says."""
    killed = start(project, project.folder / "killed.log")
    try:
        wait_until(read_jobs, "a job that waits", run=killed)
    finally:
        kill(killed)
    said = project.folder / "refused.log"
    repeated = start(project, said)
    try:
        assert repeated.wait(HANG) != 0
    finally:
        kill(repeated)
    remedy = re.search(r"scancel --name=\S+", said.read_text())
    assert remedy, said.read_text()
    ask(*remedy[0].split())
    wait_until(lambda: {job["JobState"] for job in read_jobs()} == {"CANCELLED"}, "its end")
    return said.read_text()


@pytest.fixture(scope="module")
def submitted(node, tmp_path_factory) -> Iterator[Project]:
    """A run from counts to the network with the shipped profile, on a node that is drained."""
    project = make_disturbed(tmp_path_factory.mktemp("submitted"))
    ask("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
    project.drained = ask("sinfo", "--noheader", "--format", "node %N is %T, reason %E")
    project.refused = kill_and_repeat(project)
    said = project.folder / "run.log"
    run = start(project, said)
    try:
        disturb(node, project, run)
        # SLURM has the jobs that it puts back wait for two minutes.
        project.local = run_locally(tmp_path_factory.mktemp("local"))
        run.wait(HANG)
        assert run.returncode == 0, said.read_text()[-4000:]
    finally:
        kill(run)
        end_processes_of(project.folder)
    return project


SHOWN = ["JobId", "JobState", "Restarts", "TimeLimit", "MinMemoryNode", "NumCPUs", "TresPerJob"]


def test_what_the_scheduler_remembers_is_shown(submitted, capsys):
    jobs = read_jobs()
    lines = [[*(job.get(field, "-") for field in SHOWN), job["Comment"]] for job in jobs]
    with capsys.disabled():
        print(f"\nfirst: {submitted.drained}")
        for line in [[*SHOWN, "Comment"], *lines]:
            print(*(f"{value:13}" for value in line))
    assert jobs
    assert "is drained" in submitted.drained


def test_each_job_was_given_what_its_rule_states(submitted):
    (training,) = jobs_of("rule_train_gtgrn_")
    assert training["TresPerJob"] == "gres:gpu:1"
    assert training["MinMemoryNode"] == "8000M"
    assert training["TimeLimit"] == "12:00:00"
    assert all("TresPerJob" not in job for job in jobs_of("infer_"))
    assert {job["NumCPUs"] for job in jobs_of("rule_infer_")} == {"4"}


def test_jobs_of_seconds_are_submitted_together(submitted):
    alone = [job for job in read_jobs() if not re.match(r"rule_(infer|train)_", job["Comment"])]
    # Cells, reference and split, of the killed run too; Pearson and random; the shards and their
    # combination; the end.
    together = ["data", "data", "networks", "gathered", "build"]
    assert [job["Comment"].split("_")[1] for job in alone] == together
    (networks,) = jobs_of("rule_networks_")
    assert (networks["NumCPUs"], networks["MinMemoryNode"]) == ("2", "8000M")
    # The logs of failed jobs, which are shown, count their own steps.
    said = (submitted.folder / "run.log").read_text()
    steps = max(map(int, re.findall(r"of (\d+) steps \(100%\)", said)))
    # Of three, two and four jobs there is one each.
    assert len({job["Comment"] for job in read_jobs()}) == steps - 6


def test_a_run_while_the_jobs_of_a_killed_one_wait_is_refused(submitted):
    assert "jobs of an earlier run are at work in this folder: 1. " in submitted.refused
    assert states("rule_data_") == ["CANCELLED", "COMPLETED"]


def test_jobs_that_fail_for_the_clusters_reasons_are_run_again_with_more(submitted):
    first, second = jobs_of(OUT_OF_TIME)[:2]
    assert first["JobState"] == "TIMEOUT"
    assert (first["TimeLimit"], second["TimeLimit"]) == ("00:01:00", "00:02:00")
    first, second = jobs_of(OUT_OF_MEMORY)
    assert first["JobState"] in ("OUT_OF_MEMORY", "CANCELLED", "FAILED")
    assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("1500M", "3000M")
    assert states(CANCELLED) == ["CANCELLED", "COMPLETED"]
    # A job that lost its node is put back by the scheduler, or submitted anew.
    lost = jobs_of(LOSES_ITS_NODE)
    assert len(lost) > 1 or int(lost[0]["Restarts"]) > 0
    for label in DISTURBED:
        assert states(label)[-1] == "COMPLETED"


def test_the_cluster_gives_the_bytes_of_a_local_run(submitted):
    names = [*TARGETS, *(f"results/tiny/networks/{name}.tsv.gz" for name in ("genie3", "borda"))]
    for name in names:
        ours, theirs = submitted.folder / name, submitted.local.folder / name
        assert ours.read_bytes() == theirs.read_bytes(), name
