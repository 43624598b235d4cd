"""Fetch one file or folder that a card names, from the mirror or its official address."""

from gtgrn.data.downloads import obtain
from gtgrn.logs import configure_logging

configure_logging(snakemake.log[0])
# Read from the configuration, not from params: another mirror is no reason to fetch again.
obtain(
    snakemake.output[0],
    mirror=snakemake.config["mirror"],
    offline=snakemake.config["offline"],
)
