"""What the rules of the workflow ask: which data sets, models and files a run has.

Plain Python that is tested without Snakemake. Rules name files by Snakemake's pathvars
(``<results>``), and so do these modules.
"""
