"""Write the regulons of the final network, and what speaks for them."""

from gtgrn.data.matrix import read_matrix
from gtgrn.jobs import start_job
from gtgrn.names import PAIR
from gtgrn.network.evidence import describe_novel, novel_edges, rank_regulators
from gtgrn.network.regulons import (
    rated,
    select_edges,
    sign_edges,
    to_adjacencies,
    to_net,
    to_regulons,
    write_gmt,
)
from gtgrn.tables import read_table, write_table

start_job(snakemake)
files, output, options = snakemake.input, snakemake.output, snakemake.params.options
named = dict(files.items())
expression = read_matrix(files.matrix, files.genes)[0]
network = read_table(files.network, PAIR)
reference = read_table(files.reference, PAIR) if "reference" in named else None
ranking = read_table(files.ranking) if "ranking" in named else None

pairs = rated(network)
edges = select_edges(pairs, snakemake.params.edges, options["targets"])
signed = sign_edges(edges, expression, reference)
write_gmt(to_regulons(signed, options["min_targets"]), output.gmt)
write_table(to_adjacencies(signed), output.adjacencies)
write_table(to_net(signed, options["min_targets"]), output.net)
write_table(rank_regulators(network, edges, options["min_methods"], ranking), output.regulators)
novel = sign_edges(novel_edges(pairs).head(snakemake.params.edges), expression)
write_table(describe_novel(novel, network), output.novel)
