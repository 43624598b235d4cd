"""The workflow on a cluster: SLURM's own daemons on this machine, one node with two GPUs in name.

``make test-cluster`` runs it, as root on a machine where Debian's slurmctld, slurmd and munge are
installed. The configuration has to lie in its usual place, since steps of a job look there.
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


def end_daemons_of_a_killed_test() -> None:
    """End what a killed test left; its configuration says where its daemons wrote their number."""
    text = PLACE.read_text() if PLACE.exists() else ""
    for path in re.findall(r"^Slurm(?:ctld|d)PidFile=(.+)$", text, re.MULTILINE):
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(Path(path).read_text()), signal.SIGTERM)


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
MinJobAge=86400
AccountingStorageType=accounting_storage/none
NodeName={host} CPUs=8 RealMemory=64000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


START = 600
"""Seconds after which daemons that answer nothing are given up; seconds are usual."""


def wait_until(found: Callable[[], object], what: str, give_up: float = HANG) -> object:
    """Return what a function finds once it finds something."""
    deadline = time.monotonic() + give_up
    while not (result := found()):
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


def jobs_of(rule: str, since: int = 0) -> list[dict[str, str]]:
    """Return the jobs of a rule, the oldest first, but for a number of older jobs of any rule."""
    return [job for job in read_jobs()[since:] if f"rule_{rule}_" in job["Comment"]]


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


def submit(project: Project, *arguments: str) -> list[str]:
    """Return the command that runs on the cluster with the shipped profile, asking often."""
    profile = ("--workflow-profile", "profiles/slurm")
    often = ["--slurm-init-seconds-before-status-checks", "1"]
    often += ["--seconds-between-status-checks", "1", "--latency-wait", "5"]
    return project.command(*profile, *often, *arguments)


SETTINGS = {
    **TINY,
    "inference": {**TINY["inference"], "methods": ["genie3", "pearson"], "shards": 2},
    "walks": {**TINY["walks"], "networks": ["pearson"]},
    "ablations": {"variants": []},
    "network": {"graph_edges": 20, "beside": []},
}
NETWORK = "results/tiny/network.tsv.gz"


@pytest.fixture(scope="module")
def submitted(node, tmp_path_factory) -> Project:
    """A small run from counts to the network, every job given to the scheduler."""
    project = make_tiny(tmp_path_factory.mktemp("submitted"), **SETTINGS)
    command = submit(project, "--", NETWORK)
    run = subprocess.run(
        command, cwd=project.folder, env=project.environment(), capture_output=True, text=True
    )
    assert run.returncode == 0, (run.stdout + run.stderr)[-4000:]
    return project


def test_each_job_was_given_what_its_rule_states(submitted):
    (training,) = jobs_of("train_gtgrn")
    assert training["TresPerJob"] == "gres:gpu:1"
    assert re.search(r"mem=(8000M|7.8\d*G|8G)", training["TRES"])
    assert training["TimeLimit"] == "12:00:00"
    (pearson,) = jobs_of("infer_pearson")
    assert "TresPerJob" not in pearson
    # GENIE3's targets were dealt to two jobs.
    assert len(jobs_of("infer_genie3")) == 2
    assert {job["JobState"] for job in read_jobs()} == {"COMPLETED"}


def test_the_cluster_gives_the_bytes_of_a_local_run(submitted, tmp_path):
    local = make_tiny(tmp_path, **SETTINGS)
    run = local.snakemake("--cores", "2", "--", NETWORK)
    assert run.returncode == 0, run.stdout[-3000:]
    for name in (NETWORK, "results/tiny/networks/genie3.tsv.gz"):
        assert (submitted.folder / name).read_bytes() == (local.folder / name).read_bytes(), name


FIRST_ATTEMPT = """
import time
from pathlib import Path

method, mark = snakemake.params.method, Path(f"first_{snakemake.params.method}")
if not mark.exists():
    mark.touch()
    if method == "clr":
        held = b"1" * (3000 << 20)
    if method != "random":
        time.sleep(36000)
"""


def test_jobs_that_fail_for_the_clusters_reasons_are_run_again_with_more(node, tmp_path):
    """Out of time, out of memory, cancelled, on a node that fails, on a node that is drained."""
    methods = ["pearson", "clr", "aracne", "mrnet", "random"]
    inference = {"methods": methods, "options": {}}
    walks = {**TINY["walks"], "networks": ["pearson"]}
    project = make_tiny(tmp_path, **{**SETTINGS, "inference": inference, "walks": walks})
    script = project.folder / "scripts/infer_network.py"
    script.write_text(FIRST_ATTEMPT + script.read_text())
    rules = project.folder / "workflow/rules/inference.smk"
    text = rules.read_text()
    rules.write_text(
        text.replace("mem_mb=scaled(4000)", "mem_mb=scaled(1500)").replace(
            "runtime=scaled(720)", "runtime=scaled(1 if method == 'pearson' else 720)"
        )
    )
    before = len(read_jobs())

    def states(rule: str) -> list[str]:
        return [job["JobState"] for job in jobs_of(rule, before)]

    ask("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
    wanted = [f"results/tiny/networks/{method}.tsv.gz" for method in methods]
    log = (tmp_path / "run.log").open("w")
    run = subprocess.Popen(
        submit(project, "--", *wanted),
        cwd=project.folder,
        env=project.environment(),
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(read_jobs()) > before, "a job that waits")
        assert {job["JobState"] for job in read_jobs()[before:]} == {"PENDING"}
        ask("scontrol", "update", f"nodename={node}", "state=resume")
        marks = [tmp_path / f"first_{method}" for method in methods]
        wait_until(lambda: all(mark.exists() for mark in marks), "all first attempts")
        wait_until(lambda: states("infer_pearson")[0] == "TIMEOUT", "a job over its time")
        wait_until(
            lambda: states("infer_clr")[0] not in ("RUNNING", "PENDING"), "one over its memory"
        )
        ask("scancel", jobs_of("infer_aracne", before)[0]["JobId"])
        wait_until(lambda: states("infer_aracne")[0] == "CANCELLED", "a cancelled job")
        # The node fails while the first job of mrnet runs, and comes back.
        assert states("infer_mrnet") == ["RUNNING"]
        ask("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        ask("scontrol", "update", f"nodename={node}", "state=resume")
        assert run.wait(HANG) == 0, (tmp_path / "run.log").read_text()[-4000:]
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
    first, second = jobs_of("infer_pearson", before)
    assert (first["TimeLimit"], second["TimeLimit"]) == ("00:01:00", "00:02:00")
    first, second = jobs_of("infer_clr", before)
    assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("1500M", "3000M")
    for method in methods:
        assert states(f"infer_{method}")[-1] == "COMPLETED"
    assert len(states("infer_random")) == 1
