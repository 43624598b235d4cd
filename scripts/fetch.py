"""Fetch one file or folder that a card names, from the mirror or its official address."""

from gtgrn.data.downloads import obtain
from gtgrn.jobs import start_job

start_job(snakemake)
# Read from the configuration, not from params: another mirror is no reason to fetch again.
obtain(
    snakemake.output[0],
    mirror=snakemake.config["mirror"],
    offline=snakemake.config["offline"],
)
