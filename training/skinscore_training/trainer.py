"""The training loop: network, optimizer, schedule and smoothed weights, one step at a time.

Lightning Fabric carries it: one process or, started by ``torchrun``, several on one or many hosts,
on CPUs or GPUs (:mod:`skinscore_training.scale`). Several processes compute what one would: each
takes its rows of every batch, batch statistics are shared, and the loss is that of all rows. Only
dropout differs, which every process draws for itself.

The order of the data follows from seed and epoch; dropout and augmentation draw from generators
whose state a checkpoint keeps. On one machine's CPUs a training that is killed at any step goes on
to the same bits.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from skinscore.domain.concerns import CONCERNS
from skinscore.errors import RequestRefused
from skinscore_training import rules
from skinscore_training.checkpoint import Checkpoint
from skinscore_training.data.augment import draw_shifts, shift_masks
from skinscore_training.data.mixture import Mixture
from skinscore_training.data.prefetch import prefetch
from skinscore_training.data.rendered import Batch, RenderedDataset
from skinscore_training.held_out import Answers
from skinscore_training.model import network
from skinscore_training.model.losses import Targets, expectation, losses, target_of
from skinscore_training.model.network import Predictions
from skinscore_training.model.shared_norm import share_batch_norm
from skinscore_training.presets import FitSettings, ModelSettings
from skinscore_training.scale import gathered

_TERMS: Final = ("grade", "mean", "maps", "relief", "consistency")
_EPOCHS_APART: Final = 1_000_003  # seeds of epochs and of neighbouring preset seeds never meet
_READERS: Final = 4  # threads that read batches ahead
COLUMNS: Final = (
    "epoch",
    "loss_total",
    *(f"loss_{name}" for name in _TERMS),
    "learning_rate",
    "pictures_per_second",
    *(f"mae_{concern}" for concern in CONCERNS),
)  # of the curves


class Trainer:
    """A training in progress.

    Args:
        mixture: of the data set that :meth:`epoch` is given; its batch is ``batch_crops``.
        key: digest of all that shapes the training, stored in its checkpoints.
        run_id: of MLflow, stored likewise.
        fabric: launched.

    Raises:
        RequestRefused: ``preset_invalid`` when ``batch_crops`` cannot be divided evenly.
    """

    def __init__(
        self,
        model: ModelSettings,
        settings: FitSettings,
        mixture: Mixture,
        key: str,
        run_id: str,
        fabric: Fabric,
    ) -> None:
        self.settings = settings
        self.mixture = mixture
        self.epochs_done = 0
        self.steps_done = 0  # of the epoch at hand
        self.curves: list[dict[str, float]] = []
        self._sums = dict.fromkeys(("total", *_TERMS), 0.0)
        self._key, self._run_id, self._fabric = key, run_id, fabric
        self._part = _divided(settings, fabric.world_size)
        self._bare = network.build(model, rules.GEOMETRY, settings.seed)
        if fabric.world_size > 1:
            share_batch_norm(self._bare)
        self._bare.to(memory_format=torch.channels_last)
        self._frozen = self._bare.encoder.stages[: settings.frozen_stages].requires_grad_(False)
        optimizer = torch.optim.AdamW(
            parameter_groups(self._bare, settings.weight_decay), lr=settings.learning_rate
        )
        steps = max(1, settings.epochs * mixture.steps)
        self._scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: warm_cosine(step, steps, settings.warm_up)
        )
        self._model, self._optimizer = fabric.setup(self._bare, optimizer)
        self.ema = Ema(self._bare, settings.ema_decay)  # where the weights now are
        self._seed_dropout()
        self._augment = torch.Generator().manual_seed(settings.seed)

    def begin_with(self, weights: dict[str, Tensor]) -> None:
        """Take over the weights of another training."""
        self._bare.load_state_dict(weights)
        self.ema = Ema(self._bare, self.settings.ema_decay)
        self._seed_dropout()  # whoever made the weights may have drawn from the same generators

    def epoch(
        self, data: RenderedDataset, advance: Callable[[], None], keep: Callable[[], None]
    ) -> dict[str, float]:
        """Train to the end of the epoch at hand and return its row of the curves: mean loss terms,
        learning rate, pictures per second of this process.

        Args:
            advance: called after each step.
            keep: called when a checkpoint is due.
        """
        self._model.train()
        self._frozen.eval()  # their batch statistics are kept too
        pictures, started = 0, time.perf_counter()
        with closing(prefetch(data.__getitems__, self._parts(), readers=_READERS)) as parts:
            while self.steps_done < self.mixture.steps:
                pictures += self._step(parts, data.views)
                self.steps_done += 1
                advance()
                due = self.steps_done % self.settings.checkpoint_steps == 0
                if due and self.steps_done < self.mixture.steps:
                    keep()
        self.epochs_done += 1
        row = {"epoch": float(self.epochs_done)}
        row |= {f"loss_{name}": value / self.mixture.steps for name, value in self._sums.items()}
        row["learning_rate"] = float(self._scheduler.get_last_lr()[0])
        row["pictures_per_second"] = pictures / (time.perf_counter() - started)
        self.steps_done = 0
        self._sums = dict.fromkeys(self._sums, 0.0)
        return row

    @torch.inference_mode()
    def answers(self, data: RenderedDataset, views: int) -> Answers:
        """Return what the smoothed weights say of the first ``views`` of every crop, raw."""
        found, scores, spreads = [], [], []
        for start in range(0, len(data), self.settings.batch_crops):
            rows = range(start, min(start + self.settings.batch_crops, len(data)))
            batch = data.__getitems__(rows).to(self._fabric.device)
            crops, masks = batch.crops[:, :views], batch.masks[:, :views]
            with self._fabric.autocast():
                logits = self.ema.model(crops.flatten(0, 1), masks.flatten(0, 1)).logits
            means = expectation(torch.softmax(logits, dim=-1))
            found.append(means.reshape(-1, views, *means.shape[1:]))
            scores.append(batch.score)
            spreads.append(batch.spread)
        score, spread = torch.cat(scores), torch.cat(spreads)
        return Answers(torch.cat(found), expectation(target_of(score, spread)), score)

    def state(self) -> Checkpoint:
        """Return what :meth:`restore` needs; every process must call it, one may save it."""
        device = torch.empty(0, dtype=torch.uint8)
        if self._fabric.device.type == "cuda":
            device = torch.cuda.get_rng_state(self._fabric.device)
        return Checkpoint(
            key=self._key,
            processes=self._fabric.world_size,
            epochs_done=self.epochs_done,
            steps_done=self.steps_done,
            sums=dict(self._sums),
            model=self._bare.state_dict(),
            ema=self.ema.state(),
            optimizer=self._optimizer.state_dict(),
            scheduler=self._scheduler.state_dict(),
            dropout_rng=gathered(self._fabric, torch.get_rng_state()[None]).cpu(),
            device_rng=gathered(self._fabric, device[None]).cpu(),
            augment_rng=self._augment.get_state(),
            curves=list(self.curves),
            mlflow_run_id=self._run_id,
        )

    def restore(self, saved: Checkpoint) -> None:
        """Go on where ``saved`` was taken.

        Raises:
            RequestRefused: ``training_mismatch`` when other processes than now took it, or
                another kind of device.
        """
        if saved.processes != self._fabric.world_size:
            raise RequestRefused(
                "training_mismatch",
                f"{saved.processes} processes began this training, now there are "
                f"{self._fabric.world_size}",
                "as many as before: each has dropout of its own",
            )
        on_gpu = self._fabric.device.type == "cuda"
        if bool(saved.device_rng.numel()) != on_gpu:
            raise RequestRefused(
                "training_mismatch",
                "this training was begun on a CPU, now there is a GPU"
                if on_gpu
                else "this training was begun on a GPU, now there is none",
                "the kind of device that it was begun on",
                "Go on there, or remove the run's folder checkpoint/.",
            )
        self._bare.load_state_dict(saved.model)
        self.ema.restore(saved.ema)
        self._optimizer.load_state_dict(saved.optimizer)
        self._scheduler.load_state_dict(saved.scheduler)
        torch.set_rng_state(saved.dropout_rng[self._fabric.global_rank])
        if on_gpu:
            mine = saved.device_rng[self._fabric.global_rank]
            torch.cuda.set_rng_state(mine, self._fabric.device)
        self._augment.set_state(saved.augment_rng)
        self._sums = dict(saved.sums)
        self.curves = list(saved.curves)
        self.epochs_done, self.steps_done = saved.epochs_done, saved.steps_done

    def _step(self, parts: Iterator[Batch], views: int) -> int:
        """Take one optimizer step; return how many pictures this process saw."""
        count = self.settings.accumulate
        self._optimizer.zero_grad(set_to_none=True)
        pictures = 0
        for number in range(count):
            batch = next(parts).to(self._fabric.device)
            waits = number < count - 1 and self._fabric.world_size > 1
            with self._fabric.no_backward_sync(self._model, enabled=waits):
                total, terms = self._losses(batch, views)
                self._fabric.backward(total / count)
            for name, value in ({"total": total} | terms).items():
                self._sums[name] += value.item() / count
            pictures += batch.crops.shape[0] * views
        self._fabric.clip_gradients(
            self._model, self._optimizer, max_norm=self.settings.gradient_clip
        )
        self._optimizer.step()
        self._scheduler.step()
        self.ema.update(self._bare)
        return pictures

    def _losses(self, batch: Batch, views: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the total and every term over the rows of all processes."""
        crops, masks, targets = batch.flat()
        everywhere = draw_shifts(len(crops) * self._fabric.world_size, self._augment)
        mine = everywhere.chunk(self._fabric.world_size)[self._fabric.global_rank]
        found = self._model(crops, shift_masks(masks, mine))
        terms = losses(
            Predictions(*(gathered(self._fabric, values) for values in found)),
            Targets(
                score=gathered(self._fabric, targets.score),
                spread=gathered(self._fabric, targets.spread),
                allowed=gathered(self._fabric, targets.allowed),
                maps=gathered(self._fabric, targets.maps),
                relief=gathered(self._fabric, targets.relief),
                dense=gathered(self._fabric, targets.dense),
            ),
            views,
        )
        return terms.total(self.settings.loss), {name: getattr(terms, name) for name in _TERMS}

    def _seed_dropout(self) -> None:
        torch.manual_seed(self.settings.seed + self._fabric.global_rank)

    def _parts(self) -> Iterator[list[int]]:
        """Yield this process's rows of what is left of the epoch, ``accumulate`` per step."""
        seed = self.settings.seed * _EPOCHS_APART + self.epochs_done
        for step in self.mixture.order(seed)[self.steps_done :]:
            for place in range(self.settings.accumulate):
                # Every part holds its share of photos: they stand at the end of a step.
                part = step[place :: self.settings.accumulate]
                start = self._fabric.global_rank * self._part
                yield part[start : start + self._part].tolist()


def _divided(settings: FitSettings, processes: int) -> int:
    """Return how many crops one process computes at once."""
    parts = settings.accumulate * processes
    if settings.batch_crops % parts:
        raise RequestRefused(
            "preset_invalid",
            f"fit.batch_crops {settings.batch_crops} in {settings.accumulate} parts for "
            f"{processes} processes",
            "the same number of crops in each",
            f"Make fit.batch_crops a multiple of {parts}.",
        )
    return settings.batch_crops // parts


class Ema:
    """Exponential moving average of weights and batch statistics: what is measured and shipped.

    The decay rises to its value, so that a short training forgets its random start too.
    """

    def __init__(self, model: network.SkinNet, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self._decay = decay
        self._updates = 0

    @torch.no_grad()
    def update(self, model: network.SkinNet) -> None:
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        self._updates += 1
        kept, new = list(self.model.state_dict().values()), list(model.state_dict().values())
        moving = [place for place, values in enumerate(kept) if values.is_floating_point()]
        # One call for all: on a GPU hundreds of small ones would each be launched alone.
        get_ema_multi_avg_fn(decay)(  # type: ignore[no-untyped-call]
            [kept[place] for place in moving], [new[place] for place in moving], self._updates
        )
        for place in set(range(len(kept))) - set(moving):
            kept[place].copy_(new[place])  # counters

    def state(self) -> dict[str, object]:
        return {"model": self.model.state_dict(), "updates": self._updates}

    def restore(self, state: dict[str, object]) -> None:
        self.model.load_state_dict(state["model"])  # type: ignore[arg-type]
        self._updates = int(state["updates"])  # type: ignore[call-overload]


def warm_cosine(step: int, steps: int, warm_up: float) -> float:
    """Return the factor of the peak learning rate: a linear rise, then half a cosine to 0."""
    rise = max(1, round(steps * warm_up))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (step - rise) / max(1, steps - rise))))


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Decay only matrices and kernels; not biases, not normalisation."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
