"""Tables of figures on stdout, for people at a terminal."""

import math

import pandas as pd
from rich.console import Console
from rich.table import Table


def print_table(rows: pd.DataFrame) -> None:
    """Print ``rows``; floats with three digits, what is not defined as a dash.

    A terminal folds what is too wide for it; a file gets a line per row, whatever its width.
    """
    table = Table(*map(str, rows.columns))
    for row in rows.itertuples(index=False):
        table.add_row(*map(_cell, row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=console.measure(table).maximum)
    console.print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.3f}"
    return str(value)
