"""What an operator watches, in Prometheus' text format: load, answers, refusals, grades given.

Labels are codes and numbers of the service's own; nothing of a photo or a caller. Grades are
counted without their zone, and no metric tells when it began: a face zone by zone with its moment
would be a health record. Whoever scrapes every minute still sees that somebody was graded, and how.
"""

from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from skinscore import __version__
from skinscore.contract.contract import Contract
from skinscore.domain.assessment import Assessment
from skinscore_serving.admission import Admission

SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
NO_ROUTE: Final = "none"  # a path that is not ours is the caller's text

disable_created_metrics()  # type: ignore[no-untyped-call]

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Answer with every metric; takes no slot, so that it answers under load."""
    found: Metrics = request.app.state.metrics
    return Response(found.text(), media_type=CONTENT_TYPE_LATEST)


class Metrics:
    """The metrics of one service.

    Args:
        admission: whose load is told whenever somebody asks.
    """

    def __init__(self, admission: Admission) -> None:
        self._registry = CollectorRegistry()
        in_flight = Gauge(
            "skinscore_in_flight", "Calls that run at the moment.", registry=self._registry
        )
        in_flight.set_function(lambda: admission.running)
        queued = Gauge(
            "skinscore_queue_depth",
            "Requests that wait for a slot or still send.",
            registry=self._registry,
        )
        queued.set_function(lambda: admission.waiting)
        self._requests = Counter(
            "skinscore_requests",
            "Answered requests; code is empty for what is neither refused nor failed.",
            ["route", "status", "code"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "skinscore_request_seconds",
            "From the request's head to its answer.",
            ["route"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._photos = Counter(
            "skinscore_photos",
            "Photos by outcome, once for each code of theirs.",
            ["outcome", "code"],
            registry=self._registry,
        )
        self._grades = Counter(
            "skinscore_grades",
            "Grades given: a shift of their shares is a shift of patients, cameras or the model.",
            ["concern", "grade"],
            registry=self._registry,
        )
        self._withheld = Counter(
            "skinscore_abstained",
            "Zones that were not graded for a concern, once for each code.",
            ["concern", "code"],
            registry=self._registry,
        )
        self._model = Gauge(
            "skinscore_model_info",
            "1 for the model that grades.",
            ["name", "version", "contract_digest", "library"],
            registry=self._registry,
        )

    def ready(self, contract: Contract) -> None:
        """The model of ``contract`` has passed its self-test and grades from now on."""
        identity = contract.identity
        self._model.labels(identity.name, identity.version, contract.digest, __version__).set(1)

    def answered(self, route: str, status: int, code: str, seconds: float) -> None:
        """One request has its answer.

        Args:
            route: its template, as the API reference writes it; ``NO_ROUTE`` for a path not ours.
            code: of the problem; empty without one.
        """
        self._requests.labels(route, str(status), code).inc()
        self._seconds.labels(route).observe(seconds)

    def graded(self, assessment: Assessment) -> None:
        """One assessment was made."""
        for photo in assessment.photos:
            for code in photo.codes or ("",):
                self._photos.labels(photo.outcome, code).inc()
        for record in assessment.zones:
            for grade in record.grades:
                if grade.assessable:
                    self._grades.labels(grade.concern, str(grade.grade)).inc()
                    continue
                for code in grade.codes:
                    self._withheld.labels(grade.concern, code).inc()

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)
