"""Write the report of all data sets."""

from pathlib import Path

from gtgrn.jobs import start_job
from gtgrn.report.page import build_report

start_job(snakemake)
output = Path(snakemake.output[0])
params = snakemake.params
build_report(output.parent, params.cards, params.settings, output, params.command)
