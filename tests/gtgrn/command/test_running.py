"""The command that waits for Snakemake."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from gtgrn.command.running import environment

CHILD = """
import signal, sys, time
def stop(number, frame):
    print(f"told {signal.Signals(number).name}", flush=True)
    sys.exit(7)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGHUP, stop)
print("ready", flush=True)
while True:
    time.sleep(0.1)
"""
PARENT = """
import signal, sys
from gtgrn.command.running import call
# Who runs the tests may have them ignored, as nohup does, and a child would keep that.
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
sys.exit(call([sys.executable, "-c", sys.argv[1]]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_ends_the_command_ends_the_run(number):
    words = [sys.executable, "-c", PARENT, CHILD]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == f"told {number.name}\n"
    assert process.returncode == 7
