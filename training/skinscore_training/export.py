"""Stage ``export``: the trained network as one sealed ONNX file, once both runtimes agree."""

import time
from typing import Final

import numpy as np
import pandas as pd

from skinscore.contract.contract import Calibration, Identity, Provenance
from skinscore.contract.golden import Crops, Masks, Run
from skinscore.errors import RequestRefused
from skinscore_training import checkpoint, provenance, rules, runs, sealing, tracking
from skinscore_training.data import shards, splits
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.model import network, onnx_graph
from skinscore_training.presets import ExportSettings, Preset

_CASES: Final = 5  # crops per parity check; odd, so that no batch size is special
_TIMINGS: Final = 10


def export(preset: Preset, folder: runs.RunFolder) -> dict[str, float]:
    """Write the sealed file and return parity, size and speed.

    Raises:
        InternalFault: ``parity_failed`` when onnxruntime and torch differ.
        RequestRefused: ``preset_invalid`` when the file is larger than the preset allows,
            ``stage_input_missing``. Nothing is written in any of these cases.
    """
    settings = preset.export
    calibration = Calibration.parse(
        runs.require(folder.calibration, "calibrate").read_text(encoding="utf-8")
    )
    record = runs.read_json(folder.fit_record, "fit")
    model = network.build(preset.model, rules.GEOMETRY, preset.fit.seed)
    model.load_state_dict(checkpoint.load_weights(folder.weights))
    servable = network.Servable(model, tuple(row.temperature for row in calibration.concerns))
    graph = onnx_graph.to_onnx(servable, rules.GEOMETRY)
    run = onnx_graph.runner(graph)
    inputs = {
        "random": onnx_graph.random_inputs(rules.GEOMETRY, preset.fit.seed, _CASES),
        "rendered": _rendered_inputs(folder),
    }
    parity = {
        f"parity_{name}": onnx_graph.require_parity(
            servable, run, crops, masks, settings.parity_tolerance
        )
        for name, (crops, masks) in inputs.items()
    }
    sealed = sealing.seal(
        graph,
        Identity(
            name=settings.name,
            version=settings.version,
            precision="fp32",
            released=settings.released,
            licence="Apache-2.0",
            changes=settings.changes,
        ),
        Provenance(
            git_commit=provenance.git_commit(),
            preset=preset.name,
            seed=preset.fit.seed,
            manifest_sha256=record["manifest_sha256"],
            mlflow_run_id=record["mlflow_run_id"],
            label_source="rendered",
            libraries=provenance.library_versions(),
        ),
        calibration,
        settings.golden_tolerance,
    )
    measured = parity | {
        "megabytes": _size_within(sealed, settings),
        "milliseconds_per_face": _milliseconds_per_face(run),
    }
    runs.write(folder.exported, sealed)
    runs.write_json(folder.export_record, measured)
    with tracking.run(preset.name, record["mlflow_run_id"]):
        tracking.log_metrics(measured)
    return measured


def _rendered_inputs(folder: runs.RunFolder) -> tuple[Crops, Masks]:
    rows = splits.rows_of(
        shards.read_manifest(folder.rendered),
        pd.read_parquet(runs.require(folder.splits, "split")),
        splits.Part.TEST,
    )
    batch = RenderedDataset(folder.rendered, rows[:_CASES]).__getitems__(
        range(min(_CASES, len(rows)))
    )
    return batch.crops[:, 0].numpy(), batch.masks[:, 0].numpy()


def _size_within(sealed: bytes, settings: ExportSettings) -> float:
    megabytes = len(sealed) / 1e6
    if megabytes > settings.max_megabytes:
        raise RequestRefused(
            "preset_invalid",
            f"the exported file has {megabytes:.1f} MB",
            f"the preset allows {settings.max_megabytes} MB",
            "Lower model.width or raise export.max_megabytes in the preset.",
        )
    return round(megabytes, 3)


def _milliseconds_per_face(run: Run) -> float:
    """Return the best time for all crops of one face on one thread."""
    crops, masks = onnx_graph.random_inputs(rules.GEOMETRY, 0, len(rules.GEOMETRY.crops))
    times = []
    for _ in range(_TIMINGS):
        started = time.perf_counter()
        run(crops, masks)
        times.append(time.perf_counter() - started)
    return round(1000 * float(np.min(times)), 2)
