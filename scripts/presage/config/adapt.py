"""Settings of the adapters that are fitted inside the frozen trunk."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from presage import plugins
from presage.config.base import Known, Section
from presage.config.training import HEAD, HeadKind, Training

INSIDE = ("lora", "dora", "locon", "ia3", "houlsby", "squeeze_excite", "bitfit", "norm", "full")
AdapterKind = Annotated[str, Known("adapter", INSIDE)]
NAME = r"^[A-Za-z0-9_]+$"
RunKind = Annotated[str, Known("adapter", (*INSIDE, "probe", "ridge"))]

_QUERY_VALUE = ("transformer.*.attention.query", "transformer.*.attention.value")
_LATER = ("tower.[345].conv", "transformer.*", "unet.*dense", "unet.*.pointwise")

DEFAULTS: dict[str, dict[str, Any]] = {
    "lora": {"targets": _QUERY_VALUE, "rank": 8, "alpha": 16.0},
    "dora": {"targets": _QUERY_VALUE, "rank": 8, "alpha": 16.0},
    "locon": {"targets": ("tower.*.conv[-4:]",), "rank": 4, "alpha": 1.0},
    "ia3": {
        "targets": ("transformer.*.attention.key", "transformer.*.attention.value"),
        "inputs": ("transformer.*.mlp_out",),
    },
    "houlsby": {"targets": ("transformer.*.slot_attention", "transformer.*.slot_mlp"), "rank": 8},
    "squeeze_excite": {"targets": ("tower.*.slot[-4:]",), "rank": 16},
    "bitfit": {"targets": ("*",)},
    "norm": {"targets": ("transformer.*_norm",)},
    "full": {"targets": ("*",)},
    "probe": {},
    "ridge": {},
}
"""What each kind may be told, and what it is without: as in Yuan, Linder and Kelley (2025) where they have it."""


class Adapter(Section):
    """Small trainable parts of one kind on some layers. Keys that its kind does not know are refused."""

    kind: AdapterKind = Field(description="which adapter; all kinds are in docs/adapters.md")
    targets: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="layer-name patterns; `[-4:]` after one = the last four that fit; one that fits nothing is refused",
    )
    inputs: tuple[str, ...] | None = Field(None, description="ia3: layers that are scaled at their inputs, not outputs")
    rank: int | None = Field(
        None, ge=1, description="lora, dora, locon: rank; houlsby, squeeze_excite: units of the bottleneck"
    )
    alpha: float | None = Field(None, gt=0, description="lora, dora, locon: scale of the update is alpha / rank")

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, values: Any) -> Any:
        known = {**DEFAULTS, **plugins.provided("adapter")}
        if not isinstance(values, dict) or values.get("kind") not in known:
            return values  # the check of the field says what is wrong
        own = known[values["kind"]]
        for key in ("targets", "inputs", "rank", "alpha"):
            if values.get(key) is not None and key not in own:
                raise ValueError(f"kind {values['kind']} has no key {key}")
        return {**values, **{key: value for key, value in own.items() if values.get(key) is None}}


class AdaptRun(Adapter):
    """One fit: an adapter (with others beside it, if asked for) and a head, in ``adapt/<name>/seed<k>``."""

    name: str = Field(pattern=NAME, description="folder name")
    kind: RunKind = Field(
        description="which adapter, or probe = a head only, ridge = a head in closed form: see docs/adapters.md"
    )
    also: tuple[Adapter, ...] = Field((), description="adapters beside the first one")
    head_epochs: int = Field(0, ge=0, description="passes that train the head alone before the adapters move")
    lr: float | None = Field(None, gt=0, description="learning rate of this run; empty = adapt.training.lr")
    epochs: int | None = Field(None, ge=1, description="passes of this run; empty = adapt.training.epochs")
    trunk_dropout: bool = Field(False, description="keep the frozen trunk's dropout on while fitting")
    train_share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of the training windows that is fitted; a seed's smaller share is in its larger",
    )

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """What goes into the trunk, in order; nothing for a probe."""
        if self.kind in ("probe", "ridge"):
            return ()
        own = Adapter(**{key: getattr(self, key) for key in Adapter.model_fields})
        return (own, *self.also)

    @model_validator(mode="after")
    def _alone(self) -> Self:
        if self.also and self.kind in ("probe", "ridge"):
            raise ValueError(f"kind {self.kind} has no adapter, so it has nothing beside it: leave out `also`")
        return self


class AdaptGrid(AdaptRun):
    """Runs that differ in rank and in the share of training windows: one for each pair, named after both."""

    kind: RunKind = Field(description="as in adapt.runs")
    ranks: tuple[Annotated[int, Field(ge=1)], ...] = Field((), description="in place of rank; empty: the kind's own")
    alpha_per_rank: float | None = Field(None, gt=0, description="alpha is this times the rank; empty: the kind's own")
    train_shares: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field((), description="in place of train_share")

    def runs(self) -> list[dict[str, Any]]:
        """The runs as plain values."""
        own = self.model_dump(exclude={"ranks", "alpha_per_rank", "train_shares"}, exclude_unset=True)
        found = []
        for rank in self.ranks or (None,):
            for share in self.train_shares or (None,):
                run, name = dict(own), self.name
                if rank is not None:
                    run["rank"], name = rank, f"{name}_r{rank}"
                    if self.alpha_per_rank is not None:
                        run["alpha"] = self.alpha_per_rank * rank
                if share is not None:
                    run["train_share"], name = share, f"{name}_t{round(100 * share)}"
                found.append({**run, "name": name})
        return found


class Adapt(Section):
    """Which adapters are fitted, on what, and how."""

    runs: tuple[AdaptRun, ...] = Field(
        (
            AdaptRun(name="lora", kind="lora", rank=16, alpha=32.0, targets=_LATER, head_epochs=4, lr=4e-3),
            AdaptRun(name="probe", kind="probe", epochs=12),
            AdaptRun(name="ridge", kind="ridge"),
        ),
        description="adapters to fit",
    )
    given: dict[Annotated[str, Field(pattern=NAME)], str | Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        {},
        description="adapters that were fitted elsewhere, on the same trunk: name -> folder with adapter.safetensors "
        "and card.json, or a list of such folders, one for each seed (docs/tutorials/share_adapter.md)",
    )
    grid: tuple[AdaptGrid, ...] = Field((), description="further runs: every rank with every share of training windows")
    seeds: tuple[int, ...] = Field((1,), min_length=1, description="one fit of each run for each seed")
    training: Training = Field(
        # Without shifts every view of a window is one of two, so the frozen layers are passed twice a window in all.
        Training(epochs=8, lr=2e-3, warmup_steps=50, batch_size=8, ema=0.9, shift=0),
        description="fit of lora and probe",
    )
    head: HeadKind = Field("exp", description=f"{HEAD} (lora and probe)")
    ridge_alphas: tuple[float, ...] = Field(
        (1e-2, 1.0, 1e2, 1e4), min_length=1, description="ridge penalties to choose from on the valid windows"
    )
    tracks: tuple[str, ...] = Field(
        ("*",), min_length=1, description="patterns on slug or name: the tracks to adapt to"
    )
    cached_trunk: bool = Field(
        False, description="keep the frozen layers' outputs on disk, once for all runs and seeds; training.shift is 0"
    )
    cache_dtype: Literal["float32", "float16"] = Field(
        "float32", description="of those outputs; float16 = half the disk"
    )

    @property
    def names(self) -> list[str]:
        """Names of all adapters: those that are fitted here, then those that were fitted elsewhere."""
        return [*(run.name for run in self.runs), *self.given]

    @property
    def folders(self) -> dict[str, tuple[str, ...]]:
        """Folders of each adapter that was fitted elsewhere."""
        return {name: (own,) if isinstance(own, str) else own for name, own in self.given.items()}

    @model_validator(mode="after")
    def _with_grid(self) -> Self:
        """A configuration that was written out holds the runs of its grid already."""
        made = [AdaptRun(**run) for entry in self.grid for run in entry.runs()]
        new = tuple(run for run in made if run not in self.runs)
        if new:
            object.__setattr__(self, "runs", (*self.runs, *new))
        return self

    @model_validator(mode="after")
    def _unique(self) -> Self:
        names = self.names
        if len(set(names)) < len(names):
            raise ValueError(f"names of runs repeat: {names}")
        if not names:
            raise ValueError("there is no adapter: give runs to fit, or given, folders of fitted ones")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds repeat: {list(self.seeds)}")
        if self.cached_trunk and self.training.shift:
            raise ValueError(f"cached_trunk keeps windows as they lie, but training.shift is {self.training.shift} bp")
        return self
