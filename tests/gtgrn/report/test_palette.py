from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from gtgrn.plugins import METHODS, PEERS, find_plugins
from gtgrn.report import style
from gtgrn.report.palette import COMBINED, line_of

# Machado, Oliveira and Fernandes 2009, doi 10.1109/TVCG.2009.113: severity 1, of linear RGB.
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    light = sorted(linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def test_each_method_has_a_line_of_its_own():
    networks = [*find_plugins(METHODS), *COMBINED, "theirs", "ours"]
    peers = [
        f"{peer} {form}" for peer in find_plugins(PEERS) for form in ("published", "repaired")
    ]
    nulls = [f"null{i}" for i in range(12)]
    for kind, names in ((style.NETWORK, networks), (style.PEER, peers), (style.NULL, nulls)):
        lines = [line_of(kind, name, names) for name in names]
        assert len({(line["color"], line["dash"]) for line in lines}) == len(names), kind


def test_a_method_keeps_its_line_whatever_else_a_data_set_has():
    few, many = ["genie3", "pearson"], ["aaa", *find_plugins(METHODS)]
    for name in few:
        assert line_of(style.NETWORK, name, few) == line_of(style.NETWORK, name, many)


@pytest.mark.parametrize("kind", BLINDNESS)
def test_the_colour_blind_can_tell_the_colours_apart(kind):
    matrix = np.array(BLINDNESS[kind])
    for one, other in combinations(style.COLOURS, 2):
        seen = [lab(matrix @ linear(colour)) for colour in (one, other)]
        # A difference of 2.3 in Lab is just seen side by side; thin lines apart need more.
        assert np.linalg.norm(seen[0] - seen[1]) > 15, (one, other)


def test_colours_can_be_seen_on_the_page_they_are_for():
    for light, dark in style.DARK.items():
        if light in ("white", "#ffffff", style.GRID, style.PALE):
            continue
        assert contrast(dark, style.DARK["white"]) > 3, dark
