"""What a clock decides before the rules speak.

The rules have none: the same documents give the same bytes. Who asks them on a certain day
(:mod:`skinscore.cli`, a service) holds the documents against it first.
"""

from datetime import date, datetime, timedelta
from typing import Final

from skinscore.domain.override import Overrides
from skinscore.domain.patient import PatientProfile
from skinscore.domain.suggestion import Confirmation
from skinscore.errors import RequestRefused

AHEAD: Final = timedelta(days=1)  # a document may come from where the day began earlier


def first_day(start: date | None, patient: PatientProfile, now: datetime) -> date:
    """Return the first day of the course: ``start``, else today, or the questionnaire's if later.

    Args:
        now: aware, on the clinic's clock.
    """
    return start or max(now.date(), patient.answered_on)


def require_past(
    patient: PatientProfile,
    confirmation: Confirmation | None,
    overrides: Overrides | None,
    now: datetime,
) -> None:
    """Refuse documents of days to come: waiting times would end before they are over.

    Raises:
        RequestRefused: ``document_invalid``.
    """
    latest = (now + AHEAD).date()
    if patient.answered_on > latest:
        raise _ahead("the questionnaire was answered", patient.answered_on, now)
    if confirmation is not None:
        require_past_word(confirmation, now)
    if overrides is not None and overrides.decided_at > now + AHEAD:
        raise _ahead("the overrides were decided", overrides.decided_at.date(), now)


def require_past_word(confirmation: Confirmation, now: datetime) -> None:
    """Refuse a clinician's word of days to come.

    Raises:
        RequestRefused: ``document_invalid``.
    """
    if confirmation.confirmed_at > now + AHEAD:
        raise _ahead("the grades were confirmed", confirmation.confirmed_at.date(), now)


def _ahead(what: str, day: date, now: datetime) -> RequestRefused:
    return RequestRefused(
        "document_invalid",
        f"{what} on {day}, which is in the future",
        f"up to {(now + AHEAD).isoformat(' ', 'minutes')} is allowed, because waiting times count "
        "up to it",
        "Correct the date, or this computer's clock.",
    )
