"""Fixtures that several tests share."""

from pathlib import Path

import pytest


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data beside the checkout; only developers and CI have it."""
    folder = Path(__file__).parents[1] / ".." / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real data not there: {folder}")
    return folder
