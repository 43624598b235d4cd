"""Join the shards of a network; the result does not depend on how many there were."""

import pandas as pd
from gtgrn.files import write_text
from gtgrn.inference.provenance import common_provenance
from gtgrn.jobs import start_job
from gtgrn.tables import read_network, write_network

start_job(snakemake)
write_text(common_provenance(snakemake.input.provenance), snakemake.output.provenance)
edges = pd.concat([read_network(path) for path in snakemake.input.networks])
write_network(edges, snakemake.output.network)
