"""What stage ``fit`` notes beside its weights, for the stages and machines that come after it."""

from pydantic import ValidationError

from skinscore.domain.document import Document, Sha256, field_problems
from skinscore.errors import RequestRefused
from skinscore_training import runs


class FitRecord(Document):
    """Who and what trained the weights of a run."""

    mlflow_run_id: str
    manifest_sha256: Sha256  # of the crops' manifest, as it was where it trained
    people_sha256: Sha256  # see skinscore_training.corpus.people_sha256
    git_commit: str
    libraries: dict[str, str]


def read(folder: runs.RunFolder) -> FitRecord:
    """Return the record of the run in ``folder``.

    Raises:
        RequestRefused: ``stage_input_missing``, also when another release's stage wrote it.
    """
    path = runs.require(folder.fit_record, "fit")
    try:
        return FitRecord.model_validate_json(path.read_bytes())
    except ValidationError as problem:
        raise RequestRefused(
            "stage_input_missing",
            f"{path.name} is not what stage fit of this release notes ({field_problems(problem)})",
            f"exactly {', '.join(FitRecord.model_fields)}",
            "Run `skinscore train fit` again, or add what you know of the training.",
        ) from None


def write(folder: runs.RunFolder, record: FitRecord) -> None:
    runs.write(folder.fit_record, record.to_json() + "\n")
