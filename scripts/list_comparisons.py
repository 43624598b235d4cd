"""Join the summaries of a data set's comparisons, and name what was left out."""

import json
from pathlib import Path

from gtgrn.comparison.summaries import join_summaries
from gtgrn.jobs import start_job
from gtgrn.manifest import verified
from gtgrn.tables import write_table

start_job(snakemake)
summaries = [
    {
        **json.loads(verified(path).read_text(encoding="utf-8")),
        "folder": Path(path).parent.relative_to(Path(snakemake.output[0]).parent).as_posix(),
    }
    for path in snakemake.input
]
write_table(join_summaries(summaries, snakemake.params.left_out), snakemake.output[0])
