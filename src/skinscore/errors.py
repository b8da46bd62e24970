"""Every way skinscore says no: one code, one HTTP status, one exit code, one hint, in one table.

A code is stable and safe to branch on; the sentences may improve at any time. Whose fault it is
decides the family: the caller's (4xx), ours (500) or not ready yet (503). The three never mix.
The same code appears in an assessment, an archive row, an HTTP body and on the command line.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

_PACKAGE: Final = Path(__file__).parent


class Fault(StrEnum):
    """Who can mend it."""

    CALLER = "caller"  # send another photo, another file, another request
    OURS = "ours"  # report it; the input was fine
    NOT_READY = "not_ready"  # try again later, or finish the installation


class Exit:
    """Exit codes of the ``skinscore`` command."""

    OK: Final = 0
    FAILED: Final = 1
    REFUSED: Final = 2  # before any work was done
    PARTIAL: Final = 3  # finished, some photos refused or failed
    TOO_MANY_ERRORS: Final = 4
    INTERRUPTED: Final = 130  # resumable


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """What one code means everywhere it can surface."""

    fault: Fault
    http_status: int
    exit_code: int
    title: str  # a short noun phrase, stable within a major version
    hint: str  # one sentence the reader can act on


def _caller(status: int, title: str, hint: str, exit_code: int = Exit.REFUSED) -> CodeInfo:
    return CodeInfo(Fault.CALLER, status, exit_code, title, hint)


def _photo(title: str, hint: str, status: int = 422) -> CodeInfo:
    return CodeInfo(Fault.CALLER, status, Exit.PARTIAL, title, hint)


def _ours(title: str, hint: str, exit_code: int = Exit.FAILED) -> CodeInfo:
    return CodeInfo(Fault.OURS, 500, exit_code, title, hint)


def _not_ready(title: str, hint: str) -> CodeInfo:
    return CodeInfo(Fault.NOT_READY, 503, Exit.REFUSED, title, hint)


CODES: Final[Mapping[str, CodeInfo]] = MappingProxyType(
    {
        # -- the request -----------------------------------------------------------------------
        "bad_request": _caller(
            400, "Request not understood", "Compare the request with the API reference."
        ),
        "unauthenticated": _caller(
            401,
            "No valid access key",
            "Send a key of the service's operator, as a bearer token or as the password.",
        ),
        "not_found": _caller(404, "Not found", "Compare the path with the API reference."),
        "method_not_allowed": _caller(
            405, "Method not allowed", "Compare the request with the API reference."
        ),
        "usage": _caller(400, "Command not understood", "Run the command with --help."),
        "missing_extra": _caller(
            501, "Optional part not installed", "Install the extra that the message names."
        ),
        "output_not_writable": _caller(
            400, "Output not writable", "Choose another place or free the existing file."
        ),
        "document_invalid": _caller(
            422, "Document not valid", "Compare it with the JSON Schema in docs/reference/."
        ),
        "override_refused": _caller(
            422, "Override beyond what is permitted", "Log a decision within the limits named."
        ),
        "overlay_loosens": _caller(
            422,
            "Overlay is looser than the rulebook",
            "An overlay may only lower caps, lengthen waits and add rules.",
        ),
        "visits_not_comparable": _caller(
            409,
            "Visits cannot be compared",
            "Score both visits with the same model, the same gate and the same camera set-up.",
        ),
        "source_invalid": _caller(
            400,
            "Source not understood",
            "Give a folder, one photo, a text list of paths, or CSV or Parquet with `path`.",
        ),
        "journal_mismatch": _caller(
            409,
            "Output belongs to another run",
            "Use another output folder, or the same model, gate and settings as before.",
        ),
        # -- the file --------------------------------------------------------------------------
        "file_unreadable": _photo(
            "File cannot be read", "Check that the file exists and may be read.", 400
        ),
        "file_empty": _photo("File is empty", "Send the photo again; no bytes arrived."),
        "file_too_large": _photo(
            "File too large", "Send the camera's own JPEG or HEIC instead of a larger file.", 413
        ),
        "unsupported_type": _photo(
            "Not a supported photo", "Send JPEG, PNG, WebP, TIFF or HEIC.", 415
        ),
        "decode_failed": _photo(
            "Photo is damaged", "Export the photo again from the camera or the album."
        ),
        "truncated": _photo("Photo is cut off", "The transfer was cut off; send the photo again."),
        "animated": _photo("Not a single photo", "Send one still photo, not an animation."),
        "too_many_pixels": _photo(
            "Photo has too many pixels", "Export the photo with fewer pixels."
        ),
        "image_too_small": _photo(
            "Photo has too few pixels", "Send the camera's original instead of a thumbnail."
        ),
        "aspect_ratio": _photo(
            "Photo is too long and narrow", "Send the whole photo instead of a strip of it."
        ),
        "unsupported_pixels": _photo(
            "Pixel format not supported", "Export the photo as an 8-bit colour picture."
        ),
        "transparent": _photo(
            "Photo has transparent parts", "Export the photo without transparency."
        ),
        # -- the face --------------------------------------------------------------------------
        "no_face": _photo(
            "No face found",
            "Photograph the whole face, or give --zone and --px-per-mm for a close-up.",
        ),
        "multiple_faces": _photo(
            "More than one face", "Crop the photo so that only the patient's face is in it."
        ),
        "face_out_of_frame": _photo(
            "Face cut off", "Step back until forehead and chin are inside the picture."
        ),
        "face_too_small": _photo(
            "Face too small", "Move closer, or send the camera's original photo."
        ),
        "pose_yaw": _photo(
            "Head turned too far", "Use frontal or three-quarter views, not a full profile."
        ),
        "pose_pitch": _photo("Head tilted up or down", "Hold the camera at eye level."),
        "pose_roll": _photo("Head leaning", "Hold the camera upright."),
        # -- light and sharpness ---------------------------------------------------------------
        "too_dark": _photo("Too dark", "Use more, even light."),
        "overexposed": _photo("Overexposed", "Reduce the light or the exposure."),
        "blurred": _photo("Blurred", "Hold the camera still, focus on the skin, use more light."),
        "not_colour": _photo("Not a colour photo", "Send a colour photo; pigment needs colour."),
        # -- one zone or one grade -------------------------------------------------------------
        "zone_out_of_view": _photo(
            "Zone turned away", "Add a three-quarter photo that faces this zone."
        ),
        "zone_out_of_frame": _photo("Zone outside the picture", "Step back a little."),
        "zone_occluded": _photo(
            "Zone covered", "Hold hair back; remove glasses, mask, hand or jewellery."
        ),
        "zone_too_small": _photo(
            "Too few pixels in this zone", "Move closer, or send the camera's original photo."
        ),
        "zone_blurred": _photo("Zone blurred", "Focus on the skin and hold the camera still."),
        "zone_shadow": _photo("Zone too dark", "Light the face evenly from both sides."),
        "zone_glare": _photo("Zone glares", "Avoid flash on oily skin; dab the skin dry."),
        "not_gated": _photo("Quality limits were off", "Score the photo again with --gate strict."),
        "low_confidence": _photo(
            "Grade too uncertain", "Take a sharper, better lit photo of this zone."
        ),
        # -- the model file --------------------------------------------------------------------
        "model_missing": _not_ready(
            "Model file missing", "Give the path of a skinscore model file."
        ),
        "model_not_onnx": _not_ready("Not an ONNX file", "Give a model exported by skinscore."),
        "model_unsafe": _not_ready(
            "Model file breaks a safety rule",
            "Export the model again as one file with standard operators only.",
        ),
        "contract_missing": _not_ready(
            "Model file carries no contract", "Export the model with `skinscore train export`."
        ),
        "contract_invalid": _not_ready(
            "Contract not valid", "Export the model again with this release of skinscore."
        ),
        "contract_digest_mismatch": _not_ready(
            "Contract was changed", "Fetch the released file again; do not edit it."
        ),
        "graph_digest_mismatch": _not_ready(
            "Weights do not belong to the contract", "Fetch the released file again."
        ),
        "signature_mismatch": _not_ready(
            "Inputs or outputs differ from the contract", "Export the model again."
        ),
        "self_test_failed": _not_ready(
            "Golden self-test failed",
            "This machine computes other grades than the model promises; run `skinscore doctor`.",
        ),
        "face_models_missing": _not_ready("Face models missing", "Run: skinscore model pull-face"),
        "face_models_changed": _not_ready(
            "Face models differ from the pinned ones", "Run: skinscore model pull-face"
        ),
        "download_failed": _not_ready(
            "Download failed", "Check pip's index settings, or use SKINSCORE_FACE_MODELS."
        ),
        "not_ready": _not_ready("Not ready", "Try again in a few seconds."),
        "overloaded": _not_ready("Too busy", "Try again after the time in Retry-After."),
        "deadline_exceeded": CodeInfo(
            Fault.NOT_READY,
            504,
            Exit.FAILED,
            "No answer in time",
            "Send fewer or smaller photos, or try again later.",
        ),
        # -- training --------------------------------------------------------------------------
        "preset_invalid": _caller(
            400, "Preset not valid", "Compare it with the presets in configs/."
        ),
        "manifest_invalid": _caller(
            400, "Manifest not valid", "Mend the rows that the message names."
        ),
        "not_for_training": _caller(
            403,
            "Rows may not be trained on",
            "Leave out the rows whose `use` is evaluation_only.",
        ),
        "scale_not_mapped": _caller(
            422,
            "Scale has no way to the engine scale",
            "Write a mapping (docs/how-to/train-on-your-own-photos.md); give it with --mapping, or "
            "in photos.mappings of the preset.",
        ),
        "mapping_invalid": _caller(
            400, "Scale mapping not valid", "Map every grade of the scale to lowest and highest."
        ),
        "dataset_layout": _caller(
            400,
            "Data set not laid out as published",
            "Unpack the set as its publisher delivers it and give the folder that holds it.",
        ),
        "predictions_invalid": _caller(
            400, "Predictions not usable", "Score the same photos with `skinscore batch`."
        ),
        "pseudonym_key": _caller(
            400,
            "Key for pseudonyms not usable",
            "Name a file that does not exist yet; a key is made there. Keep it safe.",
        ),
        "stage_input_missing": _caller(
            400, "An earlier stage has not run", "Run `dvc repro`, or the stage that is named."
        ),
        "training_mismatch": _caller(
            409,
            "Training was begun otherwise",
            "Go on with as many processes as before, or remove the run's folder checkpoint/.",
        ),
        "registry_unknown": _caller(
            404, "Registry has no such model", "Look at the store with `mlflow ui`."
        ),
        "store_unreachable": _not_ready(
            "Tracking store does not answer", "Start the MLflow server, or mend its address."
        ),
        "models_not_comparable": _caller(
            409, "Models cannot be compared", "Compare models that read the same crops."
        ),
        "gate_not_held": _caller(
            409,
            "Challenger did not beat the champion",
            "Look at the groups that the message names; the champion stays.",
            Exit.FAILED,
        ),
        "parity_failed": _ours(
            "Exported model disagrees with torch", "Report it with the output of doctor."
        ),
        "quantization_failed": _ours(
            "Nothing became int8", "Report it with the versions that the contract names."
        ),
        # -- ours ------------------------------------------------------------------------------
        "inference_failed": _ours("Inference failed", "Report it with the output of doctor."),
        "timed_out": _ours(
            "Photo took too long", "Export the photo again, then run with --retry-failed."
        ),
        "worker_died": _ours(
            "Worker process died", "Run with --retry-failed; if it dies again, report it."
        ),
        "internal": _ours("Internal error", "Report it with the output of doctor."),
        "interrupted": CodeInfo(
            Fault.CALLER, 499, Exit.INTERRUPTED, "Interrupted", "Run it again to resume."
        ),
    }
)


class SkinscoreError(Exception):
    """Base of all refusals and failures: what was found, what is allowed, what to do.

    Args:
        code: a key of :data:`CODES`.
        found: what was there, with the numbers of the case at hand; nothing private.
        allowed: the limit or the permitted values.
        remedy: what to do; the code's hint when None.
    """

    def __init__(self, code: str, found: str, allowed: str, remedy: str | None = None) -> None:
        self.code = code
        self.info = CODES[code]
        self.found = found
        self.allowed = allowed
        self.remedy = remedy if remedy is not None else self.info.hint
        super().__init__(f"{code}: {found}; {allowed}. {self.remedy}")

    @property
    def http_status(self) -> int:
        return self.info.http_status

    @property
    def exit_code(self) -> int:
        return self.info.exit_code

    @property
    def hint(self) -> str:
        return self.remedy

    def __reduce__(self) -> tuple[type["SkinscoreError"], tuple[str, str, str, str]]:
        return type(self), (self.code, self.found, self.allowed, self.remedy)


class PhotoRefused(SkinscoreError):
    """This photo cannot be graded; the next one may. The caller's to mend."""


class RequestRefused(SkinscoreError):
    """The request, the arguments or a document are wrong. The caller's to mend."""


class NotReady(SkinscoreError):
    """The installation or the model file is not fit to grade anything. The operator's to mend."""


class InternalFault(SkinscoreError):
    """Our own mistake."""


def place_of(fault: BaseException) -> str:
    """Return the type of ``fault`` and the innermost line of this library that it passed.

    Its own text is left out: it may show what is in a photo, or a path.
    """
    name = type(fault).__name__
    for frame in reversed(traceback.extract_tb(fault.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(_PACKAGE):
            return f"{name} at {file.relative_to(_PACKAGE).as_posix()}:{frame.lineno}"
    return name
