"""The command line of ``gtgrn``."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Callable
from functools import partial, wraps
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from gtgrn.config.locations import ROOT
from gtgrn.errors import InputError
from gtgrn.files import describe_os_error

RESULTS = "results"


class OneLine(click.ClickException):
    """What is wrong, in one line."""

    def show(self, file: object = None) -> None:
        """Write the line."""
        click.echo(f"gtgrn: {self.message}", err=True)


def speaking(function: Callable) -> Callable:
    """Turn errors that a user can mend into one line."""

    @wraps(function)
    def wrapped(*arguments, **options):
        try:
            return function(*arguments, **options)
        except InputError as error:
            raise OneLine(str(error)) from None
        except OSError as error:
            raise OneLine(describe_os_error(error)) from None

    return wrapped


def find_version() -> str:
    """Return the version of the installed package, or of the folder that it is called from."""
    try:
        return version("gtgrn")
    except PackageNotFoundError:
        try:
            text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        except FileNotFoundError:  # a copy of the workflow's own files
            return "unknown"
        return next(line.split('"')[1] for line in text.splitlines() if line.startswith("version"))


def may_ask() -> bool:
    """Return whether there is a person to ask."""
    return sys.stdin.isatty()


def ask(question: str, default: str) -> str:
    """Ask a person."""
    return click.prompt(question, default=default, show_default=bool(default))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(find_version(), message="gtgrn %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """From single-cell counts to a gene regulatory network, and how far to trust it.

    A first network of your own data: gtgrn init FILE, gtgrn validate NAME, gtgrn run NAME.
    """
    # What the package logs is for the logs of jobs; a command says what matters by itself.
    log = logging.getLogger("gtgrn")
    # Whoever calls the command from Python has the level back afterwards.
    context.call_on_close(partial(log.setLevel, log.level))
    log.setLevel(logging.ERROR)


@main.command()
@click.argument("file", type=click.Path())
@click.option("--name", help="Name of the data set; by default that of the file.")
@click.option("--title", help="What the report calls it.")
@click.option("--organism", help="human, mouse or another; by default by the names of the genes.")
@click.option(
    "--reference",
    help="Known pairs: a table (FILE or FILE:REGULATOR:TARGET[:SIGN], its columns), "
    "collectri, trrust, omnipath, or none.",
)
@click.option("--regulators", help="Candidates: shipped, all, or a table (FILE[:COLUMN]).")
@click.option("--layer", help="Layer of the file with the values, such as counts or raw.")
@click.option(
    "--orientation", type=click.Choice(["cells_by_genes", "genes_by_cells"]), help="Of a table."
)
@click.option("--cell-type", help="Column of obs with the types of cells.")
@click.option("--groups", help="Column of obs: one network for each of its groups, too.")
@click.option("--force", is_flag=True, help="Replace a card of this name.")
@speaking
def init(
    file: str,
    name: str | None,
    layer: str | None,
    orientation: str | None,
    force: bool,
    **answers: str | None,
) -> None:
    """Write the card of a data set from FILE: say what it is, ask for what it does not tell.

    Without a terminal nothing is asked, and the defaults are taken.
    """
    from gtgrn.command.cards import compose, default_name, write_card
    from gtgrn.command.detection import detect

    found = detect(file, orientation=orientation, layer=layer)
    section = {k: v for k, v in found.expression.items() if k != "path"}
    click.echo(f"{file}: {found.cells:,} cells x {found.genes:,} genes")
    click.echo("  read as:   " + ", ".join(f"{key} {value}" for key, value in section.items()))
    click.echo(f"  values:    {found.values} ({found.evidence})")
    click.echo(f"  organism:  {found.organism or 'not told by names of genes'} "
               f"({found.named:.0%} of the names are known)")  # fmt: skip
    if found.columns:
        click.echo(f"  columns:   {', '.join(found.columns)}")
    card = compose(found, answers, ask if may_ask() else None)
    name = name or default_name(file)
    path = write_card(card, name, force=force)
    click.echo(f"\n{path}:")
    click.echo("".join(f"  {line}\n" for line in path.read_text(encoding="utf-8").splitlines()))
    click.echo(f"run next:  gtgrn validate {name}")


@main.command()
@click.argument("names", nargs=-1)
@click.option("--cores", default="all", show_default=True)
@speaking
def validate(names: tuple[str, ...], cores: str) -> None:
    """Read and filter the data of NAMES and say on one screen what will be used."""
    from gtgrn.command.running import call, snakemake_command

    words = snakemake_command(["validate"], datasets=names, cores=cores, quiet=True)
    sys.exit(call(words, then=shlex.join(["gtgrn", "run", *names])))


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("names", nargs=-1)
@click.option("--cores", default="all", show_default=True, help="How many, or all.")
@click.option("--target", multiple=True, help="A rule or file instead of everything.")
@click.option("--configfile", type=click.Path(exists=True), help="Settings of the run.")
@click.option("--profile", type=click.Path(exists=True), help="Such as profiles/slurm.")
@click.option("--dry-run", "-n", is_flag=True, help="Say how many steps there are.")
@speaking
def run(
    names: tuple[str, ...],
    cores: str,
    target: tuple[str, ...],
    configfile: str | None,
    profile: str | None,
    dry_run: bool,
) -> None:
    """Run the workflow on the data sets NAMES, or on those of the configuration."""
    from gtgrn.command.running import call, snakemake_command, sum_up

    options = ["--configfile", configfile] if configfile else []
    options += ["--workflow-profile", profile] if profile else []
    options += ["--dry-run"] if dry_run else []
    words = snakemake_command(target, datasets=names, cores=cores, options=options)
    status = call(words)
    if status == 0 and not dry_run:
        click.echo("\n".join(sum_up(Path(RESULTS), names)))
    sys.exit(status)


def of_results(function: Callable) -> Callable:
    """Add the options that say which network is meant."""
    function = click.option("--dataset", help="Needed where there are several.")(function)
    return click.option(
        "--results", default=RESULTS, show_default=True, help="Folder of the results of a run."
    )(function)


@main.command()
@click.argument("gene")
@click.option("--top", default=10, show_default=True, type=click.IntRange(min=1), help="Rows.")
@click.option("--tsv", is_flag=True, help="One table for a program to read.")
@of_results
@speaking
def show(gene: str, top: int, tsv: bool, results: str, dataset: str | None) -> None:
    """Show the best regulators and targets of GENE."""
    import pandas as pd

    from gtgrn.command.networks import find_dataset, look_up, read_final

    folder = find_dataset(results, dataset)
    tables = look_up(read_final(folder), gene, top)
    if tsv:
        both = pd.concat(
            [
                table.rename(columns={"regulator": "gene", "target": "gene"}).assign(role=role)
                for role, table in tables.items()
            ]
        )
        click.echo(both.to_csv(sep="\t", index=False, float_format="%.4g"), nl=False)
        return
    for role, table in tables.items():
        none = f"{gene} is no {'target' if role == 'regulators' else 'regulator'} here"
        click.echo(f"the best {len(table)} {role} of {gene} in {folder}" if len(table) else none)
        if len(table):
            formats = dict.fromkeys(table.select_dtypes("float"), "{:.3g}".format)
            click.echo(table.to_string(index=False, formatters=formats, na_rep=""))
        click.echo("")


@main.command()
@click.argument("cells", type=click.Path(exists=True))
@click.option("--output", "-o", default="predicted.tsv.gz", show_default=True)
@click.option("--variant", default="full", show_default=True, help="Of the model.")
@click.option("--split", "scheme", default="edges", show_default=True)
@of_results
@speaking
def predict(
    cells: str, output: str, variant: str, scheme: str, results: str, dataset: str | None
) -> None:
    """Score all pairs in other CELLS by the trained models of a run.

    Genes that the training did not know are not scored, and nor are those that CELLS lacks. The
    training's own cells get the scores that they have.
    """
    from gtgrn.command import prediction
    from gtgrn.command.networks import find_dataset
    from gtgrn.errors import name_some
    from gtgrn.tables import write_table

    trained = find_dataset(results, dataset)
    frame, missing = prediction.read_new_cells(cells, trained)
    if missing:
        click.echo(
            f"{len(missing)} genes of the model are not in {cells}: {name_some(missing)}; their "
            "pairs are left out",
            err=True,
        )
    table = prediction.predict(trained, frame, missing, variant=variant, scheme=scheme)
    write_table(table, output)
    click.echo(f"{output}: {len(table):,} pairs of {len(frame):,} cells")


@main.command()
@click.argument("form", type=click.Choice(
    ["anndata", "graphml", "gmt", "loom", "scenic", "gretapy", "genernib", "celloracle"]
))  # fmt: skip
@click.option("--output", "-o", help="By default NAME.FORM here.")
@click.option("--edges", default=1000, show_default=True, type=click.IntRange(min=1),
              help="Best edges, at most a quarter of all pairs.")  # fmt: skip
@click.option("--targets", default=5, show_default=True, type=click.IntRange(min=1),
              help="A regulon with fewer targets is left out.")  # fmt: skip
@of_results
@speaking
def export(
    form: str, output: str | None, edges: int, targets: int, results: str, dataset: str | None
) -> None:
    """Write the network in the FORM of another tool."""
    from gtgrn.command.networks import FORMATS, Export, dataset_name, find_dataset

    folder = find_dataset(results, dataset)
    name, write = FORMATS[form]
    path = Path(output or f"{dataset_name(folder, results)}.{name}")
    made = Export(folder, edges, targets)
    write(made, path)
    click.echo(f"{path}: {len(made.edges):,} edges of {folder}")
