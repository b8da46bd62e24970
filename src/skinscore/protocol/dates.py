"""Whole months between days; a month that lacks the day is completed on the first of the next."""

from datetime import date, timedelta


def completed_months(start: date, end: date) -> int:
    """Return the whole months from ``start`` to ``end``; a shorter month's end completes none."""
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def months_later(start: date, months: int) -> date:
    """Return the first day on which ``months`` whole months have been completed."""
    years, month = divmod(start.month - 1 + months, 12)
    first = date(start.year + years, month + 1, 1)
    day = first + timedelta(days=start.day - 1)
    return day if day.month == first.month else (first + timedelta(days=31)).replace(day=1)
