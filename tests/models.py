"""A model file for tests: real graph, real contract, no training, so its grades mean nothing."""

import functools
import hashlib
from pathlib import Path

import skinscore_training
from skinscore.contract.contract import Calibration, ConcernCalibration, Identity, Provenance
from skinscore.domain.concerns import CONCERNS
from skinscore_training import provenance, rules, sealing
from skinscore_training.model import network, onnx_graph
from skinscore_training.presets import ModelSettings

SMALL = ModelSettings(
    stem=16,
    stem_blocks=0,
    depths=(1, 2, 1, 1),
    widths=(16, 32, 32, 48),
    group_width=16,
    decoder_channels=16,
    hidden=32,
    dropout=0.1,
)
SKETCHY_CALIBRATION = Calibration(
    source="rendered",
    people=0,
    coverage=0.9,
    concerns=tuple(
        ConcernCalibration(
            concern=concern,
            temperature=1.0,
            score_knots=(0.197, 1.05, 2.0, 2.95, 3.803),
            conformal_threshold=0.8,
        )
        for concern in CONCERNS
    ),
)


@functools.cache
def untrained_model(cache: Path) -> bytes:
    """Return a sealed file with random weights.

    Exporting takes some twenty seconds, so the graph is kept in ``cache`` under a name that
    changes with every line that shapes it.
    """
    model = network.Servable(network.build(SMALL, rules.GEOMETRY, seed=1), (1.0, 1.0, 1.0))
    kept = cache / f"untrained-{_sources_digest()}.onnx"
    if not kept.exists():
        part = kept.with_suffix(f".{id(model)}.part")
        part.write_bytes(onnx_graph.to_onnx(model, rules.GEOMETRY))
        part.replace(kept)
    return sealing.seal(
        kept.read_bytes(),
        Identity(
            name="untrained",
            version="0.0.0",
            precision="fp32",
            released="2026-01-01",
            licence="Apache-2.0",
            changes=("random weights, for tests",),
        ),
        Provenance(
            git_commit="test",
            preset="test",
            seed=1,
            manifest_sha256="0" * 64,
            mlflow_run_id="none",
            label_source="rendered",
            libraries=provenance.versions((*provenance.TRAINING, *provenance.EXPORTING)),
        ),
        SKETCHY_CALIBRATION,
        golden_tolerance=1e-4,
        limits=sealing.LIMITS,
    )


def _sources_digest() -> str:
    package = Path(skinscore_training.__file__).parent
    digest = hashlib.sha256(
        repr(provenance.versions((*provenance.TRAINING, *provenance.EXPORTING))).encode()
    )
    for source in [*sorted((package / "model").glob("*.py")), package / "rules.py"]:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
