"""What a report may promise of its grades: as much as the model's contract does, and no more."""

from fractions import Fraction

from skinscore.contract.contract import Calibration, Contract


def range_promise(contract: Contract | None) -> str:
    """Return what the likely ranges promise.

    Args:
        contract: of the model that graded; None when only its grades are at hand.
    """
    if contract is None:
        return (
            "What the likely range promises depends on the pictures that the model was calibrated "
            "with; the model's contract says which, and it was not at hand for this report."
        )
    if contract.calibration.source == "rendered":
        return (
            "The likely range was calibrated on rendered skin, where it holds the true grade in "
            f"{_cases(contract.calibration)}; on photos of people it promises nothing."
        )
    return (
        f"The likely range holds the true grade in {_cases(contract.calibration)}, on pictures "
        "like those the model was calibrated with."
    )


def model_limits(contract: Contract | None) -> tuple[str, ...]:
    """Return what the model must not be used for, in its contract's own sentences."""
    return () if contract is None else contract.intended_use.limits


def _cases(calibration: Calibration) -> str:
    """Return the nominal coverage as a reader counts, e.g. "9 of 10 cases"."""
    share = Fraction(calibration.coverage).limit_denominator(100)
    return f"{share.numerator} of {share.denominator} cases"
