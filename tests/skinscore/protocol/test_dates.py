from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinscore.protocol.dates import completed_months, months_later

days = st.dates(date(2000, 1, 1), date(2090, 1, 1))


@given(days, st.integers(1, 24))
def test_months_later_is_the_first_day_that_completes_them(start: date, months: int) -> None:
    end = months_later(start, months)
    assert completed_months(start, end) == months
    assert completed_months(start, end - timedelta(days=1)) == months - 1


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2025, 8, 31), 6, date(2026, 3, 1)),  # February lacks the day
        (date(2025, 8, 28), 6, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 3, 1)),
        (date(2025, 12, 15), 1, date(2026, 1, 15)),
        (date(2025, 10, 31), 1, date(2025, 12, 1)),
        (date(2025, 1, 30), 1, date(2025, 3, 1)),
    ],
)
def test_a_month_that_lacks_the_day_is_completed_on_the_first_of_the_next(
    start: date, months: int, end: date
) -> None:
    assert months_later(start, months) == end
