"""The order of the suite: files that run workflows first, so that no core waits at the end."""

import tempfile

import pytest
from gtgrn import errors
from gtgrn.compiled import renew_compiled
from hypothesis import HealthCheck, settings

# How fast inputs are made depends on what else the machine does.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# Messages are cut where they are long, and tests look for names of files in them: they may be
# longer by what the name of this machine's temporary folder is longer than a usual one. A file
# may be named three times.
LONGER = max(len(tempfile.gettempdir()) - 20, 0)
errors.LONGEST += 3 * LONGER
errors.LONGEST_FILE += 2 * LONGER


def pytest_configure(config: pytest.Config) -> None:
    """Test no machine code of other sources; workers start after this process."""
    if not hasattr(config, "workerinput"):
        renew_compiled()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort whole files, those with slow tests before the others; order within a file stays."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
