"""Random walks over inferred networks (section 3.2.1; node2vec, Grover and Leskovec 2016)."""

from __future__ import annotations

import logging
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gtgrn.config.options import make, option
from gtgrn.embeddings.node2vec import draw_walks
from gtgrn.errors import InputError
from gtgrn.files import atomic_path
from gtgrn.manifest import verified
from gtgrn.names import REGULATOR, TARGET, WEIGHT
from gtgrn.seeds import derive_seed
from gtgrn.tables import sort_edges
from gtgrn.training.dgl_there import has_dgl

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StepOptions:
    """Options of how networks are walked."""

    length: int = option(10, "Nodes in a walk.", minimum=2)
    walks_per_gene: int = option(10, "Walks from each gene in each network.", minimum=1)
    edges_per_gene: float = option(
        10,
        "Strongest edges kept in a network, as a multiple of the number of genes.",
        exclusiveMinimum=0,
    )
    p: float = option(1, "Return parameter of node2vec.", exclusiveMinimum=0)
    q: float = option(1, "In-out parameter of node2vec.", exclusiveMinimum=0)


@dataclass(frozen=True)
class WalkOptions(StepOptions):
    """Options of the section walks."""

    networks: list[str] = option(
        ["genie3", "grnboost2", "pearson"],
        "Methods of inference.methods whose networks are walked.",
        minItems=1,
        uniqueItems=True,
        items={"description": "Name of a method.", "type": "string"},
    )


@dataclass(frozen=True)
class Walks:
    """A corpus of walks.

    Attributes
    ----------
    genes
        Names of the genes; a walk holds indices into them.
    networks
        Names of the networks.
    nodes
        (walks, length) int32, padded with -1 on the right.
    network
        (walks,) int16, index of the network that was walked.
    """

    genes: list[str]
    networks: list[str]
    nodes: np.ndarray
    network: np.ndarray


def strongest_edges(edges: pd.DataFrame, n: int) -> pd.DataFrame:
    """Keep the n edges of largest positive weight.

    Inferred networks are nearly complete, and a walk over all pairs says nothing; the paper's
    networks are sparse.
    """
    return sort_edges(edges[edges[WEIGHT] > 0]).head(n)


def sample_walks(
    networks: Mapping[str, pd.DataFrame],
    genes: Sequence[str],
    *,
    seed: int,
    **options: Any,
) -> Walks:
    """Walk over each network, from each gene, along undirected weighted edges.

    Parameters
    ----------
    networks
        Name -> regulator, target, weight; inferred from expression only.
    genes
        All genes, sorted: the vocabulary.
    seed
        Seed; each network's is derived from it and the network's name.
    options
        Those of :class:`StepOptions`.

    Returns
    -------
    Walks
        ``len(networks) * walks_per_gene * len(genes)`` walks.

    Raises
    ------
    InputError
        If there is no network, one has no edge of positive weight, or an option is unknown.
    """
    chosen = make(StepOptions, options, field="walks")
    if not networks:
        raise InputError(
            "no network to walk over",
            field="walks.networks",
            remedy="Name at least one method of inference.methods",
        )
    genes = sorted(genes)
    index = pd.Series(np.arange(len(genes)), index=genes)
    walk = _walk_with_dgl if has_dgl() else _walk_without_dgl
    nodes, owner = [], []
    for i, name in enumerate(sorted(networks)):
        edges = strongest_edges(networks[name], int(chosen.edges_per_gene * len(genes)))
        if edges.empty:
            raise InputError(
                f"network {name} has no edge of positive weight",
                field="walks.networks",
                remedy="Leave it out of walks.networks",
            )
        ends = _in_both_directions(
            index.loc[edges[REGULATOR]].to_numpy(),
            index.loc[edges[TARGET]].to_numpy(),
            edges[WEIGHT].to_numpy(dtype=np.float32),
            len(genes),
        )
        walked = walk(*ends, len(genes), chosen, derive_seed(seed, "walks", name))
        nodes.append(walked)
        owner.append(np.full(len(walked), i, dtype=np.int16))
    return Walks(genes, sorted(networks), np.concatenate(nodes), np.concatenate(owner))


def _in_both_directions(
    source: np.ndarray, target: np.ndarray, weight: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ends and the weight of each edge, in both directions."""
    # Both directions of an edge, and of a reciprocal pair, are one edge with summed weight.
    low, high = np.minimum(source, target), np.maximum(source, target)
    keys, inverse = np.unique(low.astype(np.int64) * n + high, return_inverse=True)
    total = np.bincount(inverse, weights=weight).astype(np.float32)
    low, high = keys // n, keys % n
    return np.concatenate([low, high]), np.concatenate([high, low]), np.concatenate([total, total])


def _walk_without_dgl(
    source: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    n: int,
    options: StepOptions,
    seed: int,
) -> np.ndarray:
    logger.warning("DGL is not installed: other walks are drawn than with it, from the same law")
    starts = np.arange(n).repeat(options.walks_per_gene)
    length, p, q = options.length, options.p, options.q
    return draw_walks(source, target, weight, n, starts, length=length, p=p, q=q, seed=seed)


def _walk_with_dgl(
    source: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    n: int,
    options: StepOptions,
    seed: int,
) -> np.ndarray:
    os.environ.setdefault("DGLBACKEND", "pytorch")
    import dgl
    import torch

    graph = dgl.graph((torch.from_numpy(source), torch.from_numpy(target)), num_nodes=n)
    graph.edata["weight"] = torch.from_numpy(weight)
    starts = torch.arange(n).repeat(options.walks_per_gene)
    # DGL draws from one generator a thread, so more threads would mean other walks.
    threads = torch.get_num_threads()
    dgl.utils.set_num_threads(1)
    dgl.random.seed(seed)
    try:
        walks = dgl.sampling.node2vec_random_walk(
            graph,
            starts,
            options.p,
            options.q,
            walk_length=options.length - 1,
            prob="weight",
        )
    finally:
        dgl.utils.set_num_threads(threads)
    return walks.numpy().astype(np.int32)


def write_walks(walks: Walks, path: str | Path) -> None:
    """Write a corpus as .npz without pickled objects."""
    with atomic_path(path) as temporary:
        np.savez_compressed(
            temporary,
            genes=np.array(walks.genes, dtype=np.str_),
            networks=np.array(walks.networks, dtype=np.str_),
            nodes=walks.nodes,
            network=walks.network,
        )


def read_walks(path: str | Path) -> Walks:
    """Read a corpus; nothing is unpickled."""
    path = verified(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            return Walks(
                file["genes"].tolist(), file["networks"].tolist(), file["nodes"], file["network"]
            )
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise InputError(
            f"not a readable corpus of walks ({error})", file=path, remedy="Sample it again"
        ) from error
