"""From confirmed grades and a questionnaire to a suggestion for clinician review.

The rules are data (``rulebook/*.yaml``); this package only reads, matches and applies them. It
knows documents, never pixels. Safety fails closed: what is unanswered, unconfirmed or not
assessable gives no depth. One page about it: ``docs/explanation/suggestion.md``.
"""

from skinscore.protocol.calendar import plan
from skinscore.protocol.engine import suggest
from skinscore.protocol.explain import explain
from skinscore.protocol.followup import compare_visits

__all__ = ["compare_visits", "explain", "plan", "suggest"]
