"""Whether a suggestion was made by the rules at hand; nothing is read into it by any others."""

from skinscore.domain.suggestion import Suggestion
from skinscore.errors import RequestRefused
from skinscore.protocol.rulebook import Rulebook, load


def rules_of(suggestion: Suggestion, rulebook: Rulebook | None) -> Rulebook:
    """Return the rules that made ``suggestion``.

    Args:
        rulebook: the shipped rules with a clinic's overlay; None: the shipped rules.

    Raises:
        RequestRefused: ``document_invalid``; its digest is another one.
    """
    rules = load() if rulebook is None else rulebook
    if suggestion.rulebook.digest != rules.ref.digest:
        raise RequestRefused(
            "document_invalid",
            f"the suggestion was made by rulebook {suggestion.rulebook.version}, of another digest",
            f"a suggestion of rulebook {rules.ref.version} is allowed",
            "Use the release, and the overlay, that made it.",
        )
    return rules
