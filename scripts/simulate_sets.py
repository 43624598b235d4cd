"""Simulate the sets of expression of one Boolean model."""

from gtgrn.jobs import start_job
from gtgrn.simulation.boolean_models import read_model, reference_edges
from gtgrn.studies.gatv2 import make_sets, write_sets
from gtgrn.tables import write_table

start_job(snakemake)
model = read_model(snakemake.input[0])
settings = dict(snakemake.params.settings)
sets, genes = make_sets(model, dropouts=settings.pop("dropout"), **settings)
write_sets(sets, genes, snakemake.output.sets)
write_table(reference_edges(model), snakemake.output.reference)
