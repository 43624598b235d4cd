"""Write the report of all data sets."""

from pathlib import Path

from gtgrn.logs import configure_logging
from gtgrn.report.page import build_report

configure_logging(snakemake.log[0])
output = Path(snakemake.output[0])
build_report(output.parent, snakemake.params.cards, snakemake.params.settings, output)
