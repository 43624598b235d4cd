"""The order of the suite: files that run workflows first, so that no core waits at the end."""

import hypothesis
import pytest
from hypothesis import HealthCheck, settings

# How fast inputs are made depends on what else the machine does.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# A clock fails right code where the machine does something else besides.
hypothesis.settings.register_profile("no clock", deadline=None)
hypothesis.settings.load_profile("no clock")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort whole files, those with slow tests before the others; order within a file stays."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
