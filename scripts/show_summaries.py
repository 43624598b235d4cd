"""Print what each data set's input was found to be, and the command to run next."""

import sys

from gtgrn.jobs import start_job
from gtgrn.manifest import verified

terminal = sys.stdout
start_job(snakemake)
for path in snakemake.input:
    print(f"\n{verified(path).read_text(encoding='utf-8')}", end="", file=terminal)
print("run next:  ", snakemake.params.command, file=terminal, flush=True)
