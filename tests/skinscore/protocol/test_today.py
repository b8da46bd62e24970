from datetime import datetime, timedelta, timezone

import pytest

from skinscore.errors import RequestRefused
from skinscore.protocol.today import require_past
from tests.skinscore.protocol.patients import confirmed, graded, patient

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone(timedelta(hours=1)))


def test_a_moment_in_the_future_is_told_from_the_last_one_allowed_on_the_same_day() -> None:
    late = confirmed(graded()).model_copy(update={"confirmed_at": NOW + timedelta(hours=25)})
    with pytest.raises(RequestRefused) as refused:
        require_past(patient(), late, None, NOW)
    assert "confirmed on 2026-03-03, which is in the future" in refused.value.found
    assert "up to 2026-03-03 09:00+01:00" in refused.value.allowed
