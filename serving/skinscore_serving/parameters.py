"""Query parameters are known and given once, or the request is refused.

The framework drops a name that it does not know and lets the last of two values win: a mistyped
``gate`` would grade by another limit than was asked for, and nobody would hear of it.
"""

from collections import Counter
from typing import Final

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency

from skinscore.errors import RequestRefused


def require_known_once(request: Request) -> None:
    """Refuse a query with a parameter that the route does not have, or with one given twice.

    Names that are not ours are counted, never repeated: they are the caller's text.

    Raises:
        RequestRefused: ``bad_request``.
    """
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    given = Counter(name for name, _ in request.query_params.multi_items())
    strange = sum(times for name, times in given.items() if name not in known)
    if strange:
        raise RequestRefused(
            "bad_request",
            f"{strange} unknown query parameter{'s' if strange > 1 else ''}",
            f"the known ones are {', '.join(known)}" if known else "there is none here",
        )
    repeated = [f"{name} {given[name]} times" for name in known if given[name] > 1]
    if repeated:
        raise RequestRefused(
            "bad_request",
            f"query parameters given more than once: {', '.join(repeated)}",
            "each may be given once",
        )


# Not for health: whoever probes with a query of its own must not take us for dead.
STRICT: Final[list[Dependency]] = [Depends(require_known_once)]
