import pandas as pd
import pytest

from tests.made_table import made_table


@pytest.fixture(scope="package")
def table() -> pd.DataFrame:
    return made_table()
