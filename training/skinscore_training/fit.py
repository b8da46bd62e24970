"""Stage ``fit``: train the network on rendered crops.

Killed at any moment, the same command goes on after the last whole epoch and ends with the same
weights.
"""

import csv
import io
from typing import Final

import pandas as pd
import torch

from skinscore.domain.document import canonical_json, sha256_hex
from skinscore_training import checkpoint, runs, tracking
from skinscore_training.data import shards, splits
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.presets import Preset
from skinscore_training.progress import bars
from skinscore_training.trainer import Trainer

MONITORED_CROPS: Final = 390  # looked at after each epoch; nothing is chosen by them


def fit(preset: Preset, folder: runs.RunFolder) -> dict[str, float]:
    """Train, write weights, curves and record, and return the last row of the curves."""
    torch.set_num_threads(preset.fit.threads)
    manifest = shards.read_manifest(folder.rendered)
    parts = pd.read_parquet(runs.require(folder.splits, "split"))
    train = RenderedDataset(folder.rendered, splits.rows_of(manifest, parts, splits.Part.TRAIN))
    watched = splits.rows_of(manifest, parts, splits.Part.CALIBRATION)[:MONITORED_CROPS]
    monitor = RenderedDataset(folder.rendered, watched)
    manifest_sha256 = sha256_hex((folder.rendered / shards.MANIFEST).read_bytes())
    key = _key(preset, manifest_sha256, sha256_hex(folder.splits.read_bytes()))
    resumed = checkpoint.load(folder.checkpoint, key)
    with tracking.run(preset.name, resumed.mlflow_run_id if resumed else None) as run_id:
        trainer = Trainer(preset.model, preset.fit, len(train), key, run_id)
        if resumed is None:
            tracking.log_params(preset.model_dump(mode="json", by_alias=True))
        else:
            trainer.restore(resumed)
        _train(trainer, train, monitor, folder)
        checkpoint.save_weights(folder.weights, trainer.ema.model.state_dict())
        runs.write(folder.curves, _csv(trainer.curves))
        runs.write_json(
            folder.fit_record, {"mlflow_run_id": run_id, "manifest_sha256": manifest_sha256}
        )
        tracking.log_file(folder.curves, "fit")
    return trainer.curves[-1]


def _train(
    trainer: Trainer, train: RenderedDataset, monitor: RenderedDataset, folder: runs.RunFolder
) -> None:
    epochs = trainer.settings.epochs
    with bars() as display:
        whole = display.add_task("fit", total=epochs, completed=trainer.epochs_done, note="")
        steps = display.add_task("  epoch", total=trainer.steps_per_epoch, note="")
        while trainer.epochs_done < epochs:
            display.reset(steps)
            row = trainer.epoch(train, advance=lambda: display.advance(steps))
            row |= trainer.measure(monitor)
            trainer.curves.append(row)
            tracking.log_metrics(row, step=trainer.epochs_done)
            checkpoint.save(folder.checkpoint, trainer.state())
            errors = " ".join(f"{row[name]:.2f}" for name in row if name.startswith("mae_"))
            display.update(whole, advance=1, note=f"loss {row['loss_total']:.3f}  mae {errors}")


def _key(preset: Preset, manifest_sha256: str, splits_sha256: str) -> str:
    """Return the digest of everything that shapes the training."""
    return sha256_hex(
        canonical_json(
            {
                "fit": preset.fit.model_dump(mode="json", exclude={"threads"}),
                "model": preset.model.model_dump(mode="json"),
                "manifest": manifest_sha256,
                "splits": splits_sha256,
            }
        )
    )


def _csv(rows: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
