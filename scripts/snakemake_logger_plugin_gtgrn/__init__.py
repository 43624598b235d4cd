"""Snakemake's messages in a few lines: stages, time left, and what to do about an error.

A logger plug-in, which Snakemake finds by the name of this folder where `scripts` is on the path:
``make run`` and ``gtgrn run`` ask for it with ``--logger gtgrn``. Snakemake writes everything that
it would have shown to its own log file, whatever is shown here.
"""

from __future__ import annotations

import sys
import time
from logging import WARNING, LogRecord
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_gtgrn.stages import Progress, spell_time

HEARTBEAT = 60.0
"""Seconds after which a line is written where nothing was said."""
TAIL, LONGEST = 12, 320
"""Lines and characters of a failed job's log that are shown."""
WIDTH = 100
"""Characters of a line on how far a run is."""
COMPLETE_LOG = "Complete log(s):"


class LogHandler(LogHandlerBase):
    """Write stages, warnings and errors to the terminal."""

    def __post_init__(self) -> None:
        self.stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.redraws = self.stream.isatty()
        self.progress = Progress(time.monotonic)
        self.last, self.drawn = time.monotonic(), False
        self.said: set[str] = set()
        self.failed = False

    def emit(self, record: LogRecord) -> None:
        """Say what a record means, if it is worth a line."""
        try:
            self._take(record)
        except Exception:  # noqa: BLE001 - a message must not end a run
            self.handleError(record)

    def _take(self, record: LogRecord) -> None:
        event, about = getattr(record, "event", None), record.__dict__
        if event == LogEvent.RUN_INFO:
            self._plan(about["stats"])
        elif event == LogEvent.JOB_INFO:
            self.progress.rules[about["jobid"]] = about["rule_name"]
        elif event == LogEvent.JOB_STARTED:
            for job in about["jobs"]:
                self.progress.start(job)
            self._beat()
        elif event == LogEvent.JOB_FINISHED:
            self._finish(about["job_id"])
        elif event == LogEvent.JOB_ERROR:
            self._fail(about)
        elif event == LogEvent.ERROR or (event is None and record.levelno >= WARNING):
            self._say(record.getMessage().strip())
        elif event is None:
            self._inform(str(record.msg or ""))

    def _plan(self, stats: dict[str, int]) -> None:
        self.progress.plan(stats)
        done, total = self.progress.count()
        if not self.progress.rules:
            self._say(f"{total} steps{' would run' if self.common_settings.dryrun else ''}")

    def _finish(self, job: int) -> None:
        stage = self.progress.finish(job)
        done, planned = self.progress.count(stage)
        if planned and done == planned:
            self._say(f"{stage}: {planned} of {planned} done, {self._times()}")
        else:
            self._beat()

    def _times(self) -> str:
        passed, left = self.progress.passed(), self.progress.left()
        done, total = self.progress.count()
        if left is None or done == total:
            return f"{spell_time(passed)} passed"
        return f"{spell_time(passed)} passed, about {spell_time(left)} left"

    def _beat(self) -> None:
        """Redraw the line of a terminal; elsewhere write one if there was none for a while."""
        done, total = self.progress.count()
        text = f"{done} of {total} steps, {self._times()}: {', '.join(self.progress.running())}"
        if self.redraws:
            self.stream.write(f"\r\x1b[K{text[:WIDTH]}")
            self.stream.flush()
            self.drawn = True
        elif time.monotonic() - self.last > HEARTBEAT:
            self._say(text[:WIDTH])

    def _say(self, text: str) -> None:
        """Write lines, each distinct message once."""
        if not text or text in self.said:
            return
        self.said.add(text)
        self.stream.write(("\r\x1b[K" if self.drawn else "") + text + "\n")
        self.stream.flush()
        self.drawn, self.last = False, time.monotonic()

    def _fail(self, about: dict[str, Any]) -> None:
        """Name the rule that failed, the end of its log, and what to do next."""
        self.failed = True
        self.progress.started.pop(about["jobid"], None)
        made = about["output"][0] if about["output"] else ""
        lines = [f"failed: {about['rule_name']}{f', which makes {made}' if made else ''}"]
        for name in about["log"]:
            path = Path(name.split(" (")[0])
            if path.is_file():
                text = path.read_text(encoding="utf-8", errors="replace").splitlines()
                # A line that says all is the last one; a traceback needs more.
                shown = 1 if text and text[-1].startswith("InputError") else TAIL
                lines += [f"  {line[:LONGEST]}" for line in text[-shown:]]
                lines.append(f"  its log: {path}")
        lines.append("  mend what it names and give the same command again: what is done stays")
        self._say("\n".join(lines))

    def _inform(self, text: str) -> None:
        if text.startswith(COMPLETE_LOG):
            if self.failed:
                self._say(f"everything that was said: {text.removeprefix(COMPLETE_LOG).strip()}")
        elif text.startswith("Nothing to be done"):
            self._say("nothing to be done: all results are there and up to date")

    @property
    def writes_to_stream(self) -> bool:
        """Return whether this takes the place of Snakemake's own messages: it does."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """Return whether this writes a file: Snakemake does."""
        return False

    @property
    def has_filter(self) -> bool:
        """Return whether this chooses by itself what is said."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Return whether this writes messages in its own words."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """Return whether this asks for the graph of rules."""
        return False
