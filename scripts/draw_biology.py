"""Draw a table of the target biology to files that do not need the report."""

from gtgrn.jobs import start_job
from gtgrn.report.sections import biology
from gtgrn.tables import read_table

start_job(snakemake)
table = read_table(snakemake.input[0])
text = {name: str for name in ("group", "regulator") if name in table}
getattr(biology, f"draw_{snakemake.params.figure}")(table.astype(text), list(snakemake.output))
