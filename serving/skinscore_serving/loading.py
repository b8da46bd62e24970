"""The grader that the service loads while it already answers."""

import asyncio
import logging

from fastapi import FastAPI

from skinscore import Grader
from skinscore.contract.locate import locate
from skinscore.errors import NotReady, SkinscoreError, place_of
from skinscore_serving.metrics import Metrics
from skinscore_serving.settings import Settings

log = logging.getLogger("skinscore.serve")


def load_grader(settings: Settings) -> Grader:
    """Return the self-tested grader of the settings' model; one runtime thread per running slot."""
    return Grader.load(locate(settings.model), threads=1)


def tell(loading: "asyncio.Task[Grader]", metrics: Metrics) -> None:
    """Log and count how loading ended; health says the same to whoever asks."""
    if loading.cancelled():
        return
    fault = loading.exception()
    if fault is None:
        contract = loading.result().contract
        log.info("ready: contract %s", contract.digest)
        metrics.ready(contract)
    elif isinstance(fault, SkinscoreError):
        log.error("never ready: %s", fault)
    else:
        log.error("never ready: internal: %s", place_of(fault))


def loaded_grader(app: FastAPI) -> Grader:
    """Return the loaded grader.

    Raises:
        NotReady: still loading, or the reason why loading ended without one: whatever it was, it
            is no fault of this request.
    """
    loading = app.state.loading
    if not loading.done():
        raise NotReady("not_ready", "the model is being loaded", "grading starts when it is")
    try:
        grader: Grader = loading.result()
    except NotReady:
        raise
    except Exception as fault:
        code = fault.code if isinstance(fault, SkinscoreError) else "internal"
        raise NotReady(
            "not_ready",
            f"the model could not be loaded ({code})",
            "a model that loads",
            "The operator finds the reason in the service's log.",
        ) from fault
    return grader
