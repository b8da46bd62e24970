"""Stage ``export``: the trained network as sealed ONNX files, once both runtimes agree.

The fp32 file answers like torch within the preset's tolerance. The int8 candidates are made from it
and need not: stage ``evaluate`` measures them on people and releases or drops them.
"""

from typing import Final

from skinscore.contract.contract import Calibration, Identity, Provenance
from skinscore.contract.golden import Crops, Masks
from skinscore.errors import RequestRefused
from skinscore_training import (
    checkpoint,
    corpus,
    fit_record,
    int8,
    provenance,
    rules,
    runs,
    sealing,
    tracking,
)
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.data.shards import Source
from skinscore_training.data.splits import Part
from skinscore_training.int8 import Variant
from skinscore_training.model import network, onnx_graph
from skinscore_training.presets import ExportSettings, Preset
from skinscore_training.progress import track
from skinscore_training.start import labels_of, limits_of

_CASES: Final = 5  # crops per parity check; odd, so that no batch size is special
FP32: Final = "fp32"


def export(preset: Preset, folder: runs.RunFolder) -> dict[str, float]:
    """Write the sealed files and return parity, sizes and speeds.

    Raises:
        InternalFault: ``parity_failed`` when onnxruntime and torch differ.
        RequestRefused: ``preset_invalid`` when the file is larger than the preset allows,
            ``stage_input_missing``, ``training_mismatch``. Nothing is written in any of these
            cases.
    """
    settings = preset.export
    calibration = Calibration.parse(
        runs.require(folder.calibration, "calibrate").read_text(encoding="utf-8")
    )
    record = fit_record.read(folder)
    labels = labels_of(preset)
    model = network.build(preset.model, rules.GEOMETRY, preset.fit.seed)
    model.load_state_dict(checkpoint.load_weights(folder.weights))
    servable = network.Servable(model, tuple(row.temperature for row in calibration.concerns))
    graph = onnx_graph.to_onnx(servable, rules.GEOMETRY)
    inputs = {
        "random": onnx_graph.random_inputs(rules.GEOMETRY, preset.fit.seed, _CASES),
        "test": _inputs(preset, folder, _CASES),
    }
    run = onnx_graph.runner(graph)
    parity = {
        f"parity_{name}": onnx_graph.require_parity(
            servable, run, crops, masks, settings.parity_tolerance
        )
        for name, (crops, masks) in inputs.items()
    }
    whose = Identity(
        name=settings.name,
        version=settings.version,
        precision="fp32",
        released=settings.released,
        licence="Apache-2.0",
        changes=settings.changes,
    )
    origin = Provenance(
        git_commit=record.git_commit,
        preset=preset.name,
        seed=preset.fit.seed,
        manifest_sha256=record.manifest_sha256,
        mlflow_run_id=record.mlflow_run_id,
        label_source=labels,
        libraries=record.libraries | provenance.versions(provenance.EXPORTING),
    )
    limits = limits_of(preset, folder, calibration.source)
    photos_took_part = "graded" in f"{labels}+{calibration.source}"
    graphs = {FP32: graph} | _candidates(preset, folder, graph, photos=photos_took_part)
    sealed = {
        name: sealing.seal(
            data,
            whose if name == FP32 else int8.identity(whose, Variant(name)),
            origin,
            calibration,
            settings.golden_tolerance if name == FP32 else preset.int8.golden_tolerance,
            limits,
        )
        for name, data in graphs.items()
    }
    times = int8.milliseconds(
        {name: onnx_graph.runner(data) for name, data in graphs.items()},
        *_inputs(preset, folder, len(rules.GEOMETRY.crops)),
    )
    measured = parity | {
        f"{name}.megabytes": _size_within(data, settings) for name, data in sealed.items()
    }
    measured |= {f"{name}.milliseconds_per_face": value for name, value in times.items()}
    for name, data in sealed.items():
        runs.write(folder.exported if name == FP32 else folder.quantized(name), data)
    runs.write_json(folder.export_record, measured)
    with tracking.run(preset.name, record.mlflow_run_id):
        tracking.log_metrics(measured, "export")
    return measured


def speed_ups(folder: runs.RunFolder) -> dict[Variant, float]:
    """Return how many times faster than fp32 each int8 candidate was, as stage ``export`` saw."""
    record = runs.read_json(folder.export_record, "export")
    fp32 = record[f"{FP32}.milliseconds_per_face"]
    return {name: fp32 / record[f"{name}.milliseconds_per_face"] for name in Variant}


def _candidates(
    preset: Preset, folder: runs.RunFolder, graph: bytes, *, photos: bool
) -> dict[str, bytes]:
    """Return the int8 graphs, their ranges measured on the training part.

    Args:
        photos: whether weights or calibration have seen photos; else the release says that none
            shaped it, and its ranges keep to rendered skin too.
    """
    rows = corpus.rows(folder, Part.TRAIN, None if photos else Source.RENDERED)
    data = RenderedDataset(folder.rendered, int8.spread_over_tones(rows, preset.int8.crops))
    return {
        variant.value: int8.quantized(graph, data, preset.int8, variant)
        for variant in track(Variant, len(Variant), "int8")
    }


def _inputs(preset: Preset, folder: runs.RunFolder, count: int) -> tuple[Crops, Masks]:
    """Return the first ``count`` test crops, over again where there are fewer."""
    rows = corpus.held_out(folder, Part.TEST, Source(preset.evaluate.source))
    batch = RenderedDataset(folder.rendered, rows).__getitems__(
        [i % len(rows) for i in range(count)]
    )
    return batch.crops[:, 0].numpy(), batch.masks[:, 0].numpy()


def _size_within(sealed: bytes, settings: ExportSettings) -> float:
    megabytes = len(sealed) / 1e6
    if megabytes > settings.max_megabytes:
        raise RequestRefused(
            "preset_invalid",
            f"the exported file has {megabytes:.1f} MB",
            f"the preset allows {settings.max_megabytes} MB",
            "Lower model.widths or raise export.max_megabytes in the preset.",
        )
    return round(megabytes, 3)
