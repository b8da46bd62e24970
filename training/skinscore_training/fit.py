"""Stage ``fit``: train the network on the crops of the training part.

Killed at any moment, the same command goes on after the last checkpoint and ends with the same
weights. With 0 epochs the weights to start from are taken over as they are (recalibration).
"""

import csv
import io
from contextlib import ExitStack
from typing import Final

import torch

from skinscore.domain.document import canonical_json, sha256_hex
from skinscore_training import checkpoint, corpus, fit_record, provenance, runs, scale, tracking
from skinscore_training import model as network_code
from skinscore_training import start as start_code
from skinscore_training import trainer as trainer_code
from skinscore_training.code_digest import code_digest
from skinscore_training.data import augment, rendered, shards
from skinscore_training.data import mixture as mixture_code
from skinscore_training.data.mixture import Mixture
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.data.shards import Source
from skinscore_training.data.splits import Part
from skinscore_training.fit_record import FitRecord
from skinscore_training.held_out import mean_absolute_errors
from skinscore_training.leaks import held_out_by, require_apart
from skinscore_training.presets import Preset
from skinscore_training.progress import bars
from skinscore_training.start import Start, mapping_digests, read_start, settled
from skinscore_training.trainer import COLUMNS, Trainer

# The code that shapes the weights.
_SHAPING: Final = (network_code, trainer_code, start_code, augment, mixture_code, rendered)
MONITORED_CROPS: Final = 390  # looked at after each epoch; nothing is chosen by them


def fit(preset: Preset, folder: runs.RunFolder) -> dict[str, float]:
    """Train, write weights, curves and record, and return the last row of the curves.

    Raises:
        RequestRefused: ``stage_input_missing``; ``preset_invalid`` when the weights to start from
            do not fit or held-out people taught them; ``training_mismatch``;
            ``output_not_writable`` while another process trains or renders in ``folder``. All
            before any work.
        NotReady: ``store_unreachable``; what was trained by then is in the checkpoint.
    """
    torch.set_num_threads(preset.fit.threads)
    train, mixture = _training_part(preset, folder)
    watched = corpus.rows(folder, Part.CALIBRATION, Source(preset.calibrate.source))
    monitor = RenderedDataset(folder.rendered, watched[:MONITORED_CROPS])
    start = read_start(preset)
    require_apart(preset, folder, start, held_out_by(preset))
    # Now: a checkout may move on while it trains.
    commit, libraries = provenance.git_commit(), provenance.versions(provenance.TRAINING)
    people_sha256 = corpus.people_sha256(folder)
    manifest_sha256 = sha256_hex((folder.rendered / shards.MANIFEST).read_bytes())
    key = _key(preset, folder, start, libraries)
    fabric = scale.fabric(preset.fit.precision)
    with ExitStack() as stack:
        if fabric.is_global_zero:
            stack.enter_context(runs.alone(folder))
        fabric.barrier()
        resumed = checkpoint.load(folder.checkpoint, key)
        run_id = ""
        if fabric.is_global_zero:
            known = resumed.mlflow_run_id if resumed else None
            run_id = stack.enter_context(tracking.run(preset.name, known, system_metrics=True))
        run_id = fabric.broadcast(run_id)
        trainer = Trainer(preset.model, preset.fit, mixture, key, run_id, fabric)
        if resumed is not None:
            trainer.restore(resumed)
        else:
            if start is not None:
                trained = preset.fit.epochs > 0  # else they are taken over as they are
                trainer.begin_with(settled(start, preset, train) if trained else start.weights)
            if fabric.is_global_zero:
                tracking.log_params(
                    preset.model_dump(mode="json", by_alias=True)
                    | {"mapping_sha256": mapping_digests(preset, folder)}
                )
                tracking.log_dataset(manifest_sha256, preset.name)
        _train(trainer, train, monitor, folder, lead=fabric.is_global_zero)
        if fabric.is_global_zero:
            record = FitRecord(
                mlflow_run_id=run_id,
                manifest_sha256=manifest_sha256,
                people_sha256=people_sha256,
                git_commit=commit,
                libraries=libraries,
            )
            _write(trainer, folder, record)
        fabric.barrier()  # the others leave when everything is written
    return trainer.curves[-1]


def _training_part(preset: Preset, folder: runs.RunFolder) -> tuple[RenderedDataset, Mixture]:
    rows = corpus.rows(folder, Part.TRAIN, None)
    share = 0.0 if preset.photos is None else preset.photos.share
    if share == 1:  # photos alone: no view of rendered skin to stand beside
        rows = corpus.rows(folder, Part.TRAIN, Source.GRADED)
    graded = int((rows["source"] == Source.GRADED.value).sum())
    mixture = Mixture(len(rows) - graded, graded, preset.fit.batch_crops, share)
    return RenderedDataset(folder.rendered, rows), mixture


def _train(
    trainer: Trainer,
    train: RenderedDataset,
    monitor: RenderedDataset,
    folder: runs.RunFolder,
    *,
    lead: bool,
) -> None:
    """Train to the last epoch; process ``lead`` shows, logs and saves."""
    epochs = trainer.settings.epochs

    def keep() -> None:
        state = trainer.state()
        if lead:
            checkpoint.save(folder.checkpoint, state)

    if not epochs:
        trainer.curves.append({"epoch": 0.0} | _watched(trainer, monitor))
    with bars(shown=lead) as display:
        whole = display.add_task("fit", total=epochs, completed=trainer.epochs_done, note="")
        steps = display.add_task("  epoch", total=trainer.mixture.steps, note="")
        while trainer.epochs_done < epochs:
            display.reset(steps, completed=trainer.steps_done)
            row = trainer.epoch(train, lambda: display.advance(steps), keep)
            row |= _watched(trainer, monitor)
            trainer.curves.append(row)
            if lead:  # before the checkpoint: a kill between the two logs a point twice, not never
                tracking.log_metrics(row, "fit", step=trainer.epochs_done)
            keep()
            errors = " ".join(f"{row[name]:.2f}" for name in row if name.startswith("mae_"))
            display.update(whole, advance=1, note=f"loss {row['loss_total']:.3f}  mae {errors}")


def _watched(trainer: Trainer, monitor: RenderedDataset) -> dict[str, float]:
    return mean_absolute_errors(trainer.answers(monitor, views=1))


def _write(trainer: Trainer, folder: runs.RunFolder, record: FitRecord) -> None:
    """Write weights, curves and what the contract will say of their making: another machine may
    export them.
    """
    checkpoint.save_weights(folder.weights, trainer.ema.model.state_dict())
    runs.write(folder.curves, _csv(trainer.curves))
    fit_record.write(folder, record)
    tracking.log_file(folder.curves, "fit")


def _key(
    preset: Preset, folder: runs.RunFolder, start: Start | None, libraries: dict[str, str]
) -> str:
    """Return the digest of everything that shapes the training: what another code, other crops or
    other people have left in the checkpoint is no part of this one.
    """
    files = (folder.rendered / shards.MANIFEST, folder.splits)
    made = (folder.rendered / shards.MADE, folder.rendered / shards.CUT)  # by whom, from what
    return sha256_hex(
        canonical_json(
            {
                "fit": preset.fit.model_dump(mode="json", exclude={"threads", "checkpoint_steps"}),
                "model": preset.model.model_dump(mode="json"),
                "data": [sha256_hex(file.read_bytes()) for file in files],
                "made": [sha256_hex(file.read_bytes()) for file in made if file.exists()],
                "share": None if preset.photos is None else preset.photos.share,
                "start": None if start is None else start.sha256,
                "code": code_digest(*_SHAPING),
                "libraries": libraries,
            }
        )
    )


def _csv(rows: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
