"""Fetch a source that a run can do without: where it cannot be had, its table is empty."""

import logging

import pandas as pd
from gtgrn.data.source_files import obtain_source, read_source
from gtgrn.errors import InputError
from gtgrn.jobs import start_job
from gtgrn.names import PAIR
from gtgrn.tables import read_table, write_table

start_job(snakemake)
card, config = snakemake.params.card, snakemake.config
if snakemake.input:
    table = read_table(snakemake.input[0], PAIR)
else:
    try:
        path = obtain_source(
            card,
            name=snakemake.wildcards.source,
            mirror=config["mirror"],
            offline=config["offline"],
            retries=1,
        )
        table = read_source(card, path)
    except InputError as error:
        logging.warning("%s", error)
        table = pd.DataFrame(columns=PAIR)
write_table(table, snakemake.output[0])
