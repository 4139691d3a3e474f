"""Figure of the pose model: its error by body part on held-out frames, and those frames, best to worst."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.patheffects import withStroke

from presage import tables
from presage.config.report import Report
from presage.homecage.pose import evaluate
from presage.report import style
from presage.report.cages.timeline import words
from presage.report.run import Run
from presage.report.style import Drawing

SHOWN = (2, 3)  # rows and columns of frames
FOLDER = "homecage/pose_model"


def pose(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Error of the pose model by body part, beside held-out frames with label and point: every sixth by its error."""
    card = run.json(f"{FOLDER}/card.json")
    parts = _by_part(card["metrics"])
    frames = _frames(run, card)
    height = max(1.5 + 0.27 * len(parts), 3.9 if frames is not None else 0)
    figure = style.new_figure("Pose on held-out frames", height, simulated, style.WIDTH if frames is not None else 5.4)
    if frames is None:  # a model of an earlier version kept none
        _draw_parts(style.columns(figure, (1,))[0], parts, card)
        return figure, parts.assign(panel="error")
    left, right = style.columns(figure, (2.6, 4.6))
    _draw_parts(left, parts, card)
    shown = _draw_frames(right, *frames)
    return figure, pd.concat([parts.assign(panel="error"), shown.assign(panel="frame")], ignore_index=True)


def _by_part(metrics: dict[str, Any]) -> pd.DataFrame:
    """One row a body part, worst first, then one named ``all`` with its interval."""
    rows = pd.DataFrame([{"bodypart": part, **found} for part, found in metrics["bodyparts"].items()])
    low, high = metrics["rmse_px_ci"]
    whole = {"bodypart": "all", "rmse_px": metrics["rmse_px"], "ci_low": low, "ci_high": high, "n": metrics["n_points"]}
    rows = rows.sort_values("rmse_px", ascending=False, ignore_index=True)
    return pd.concat([rows, pd.DataFrame([whole])], ignore_index=True)


def _draw_parts(figure: SubFigure, parts: pd.DataFrame, card: dict[str, Any]) -> None:
    """Root mean square and median by part; the band is the interval of all parts together."""
    rows, whole = parts.iloc[:-1], parts.iloc[-1]
    axes = style.tidy(figure.subplots(), "x")
    y = np.arange(len(rows))
    axes.hlines(y, rows["median_px"], rows["rmse_px"], color=style.GRID, linewidth=3)
    axes.plot(rows["rmse_px"], y, "o", color=style.BLUE, markersize=6, label="root mean square")
    axes.plot(rows["median_px"], y, "o", color=style.SKY, markersize=6, label="median")
    axes.axvspan(whole["ci_low"], whole["ci_high"], color=style.BLUE, alpha=0.12, linewidth=0, zorder=0)
    label = f"all parts, {whole['rmse_px']:.1f} px (95 % CI)"
    axes.axvline(whole["rmse_px"], color=style.BLUE, linewidth=1, linestyle=(0, (3, 2)), label=label)
    axes.set_yticks(y, [words(part) for part in rows["bodypart"]])
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, None), ylim=(-0.6, len(rows) - 0.4))
    axes.set_xlabel(f"distance to the label (px of a\nframe {card['frame_size'][0]} px wide)")
    axes.set_title(f"{card['metrics']['n_frames']} frames")
    figure.legend(loc="outside lower center", ncols=1)


def _frames(run: Run, card: dict[str, Any]) -> tuple[pd.DataFrame, dict[str, Any]] | None:
    """The held-out frames that have a label, best first, with ``error_px`` (root mean square over parts)."""
    path = run.folder / FOLDER / "held_out.parquet"
    if not path.exists():
        return None
    table = tables.read(path, "held_out_frames")
    meta = {"likelihood_cut": card["likelihood_cut"]} | tables.read_meta(path)
    errors = np.array([evaluate.point_errors(_points(row, ""), _points(row, "_label")) for _, row in table.iterrows()])
    kept = np.isfinite(errors).any(axis=1)
    table = table[kept].assign(error_px=np.sqrt(np.nanmean(errors[kept] ** 2, axis=1)))
    return table.sort_values("error_px", kind="stable", ignore_index=True), meta


def _points(row: pd.Series, of: str) -> np.ndarray:
    """[body part, 2] px."""
    return np.column_stack([row[f"x{of}"], row[f"y{of}"]]).astype(np.float64)


def _draw_frames(figure: SubFigure, table: pd.DataFrame, meta: dict[str, Any]) -> pd.DataFrame:
    """Frames at even ranks from the best to the worst; the points drawn."""
    chosen = np.unique(np.linspace(0, len(table) - 1, SHOWN[0] * SHOWN[1]).round().astype(int))
    every = np.ravel(np.asarray(figure.subplots(*SHOWN), dtype=object))
    drawn = []
    for axes, rank in zip(every, chosen):
        row = table.iloc[rank]
        truth, found = _points(row, "_label"), _points(row, "")
        believed = np.asarray(row["likelihood"]) >= np.asarray(meta["likelihood_cut"])
        _draw_frame(axes, row["image"], meta["frame_size"], truth, found, believed)
        end = {0: "best, ", len(table) - 1: "worst, "}.get(int(rank), "")
        axes.set_title(f"{end}{row['error_px']:.1f} px", fontweight="normal", fontsize=7.5, pad=3)
        xy = {"label_x": truth[:, 0], "label_y": truth[:, 1], "x": found[:, 0], "y": found[:, 1]}
        same = {"frame": row["frame"], "error_px": row["error_px"], "believed": believed}
        drawn.append(pd.DataFrame({"bodypart": meta["bodyparts"], **xy, **same}))
    for axes in every:
        axes.set_axis_off()
    figure.legend(*every[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return pd.concat(drawn, ignore_index=True)


def _draw_frame(
    axes: Axes, jpeg: bytes, size: tuple[int, int], truth: np.ndarray, found: np.ndarray, believed: np.ndarray
) -> None:
    """The part of a frame around its labels: these as rings, the points as crosses, joined part by part."""
    import cv2

    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert image is not None
    width, height = size
    axes.imshow(image, extent=(-0.5, width - 0.5, height - 0.5, -0.5), interpolation="nearest")
    axes.plot(*np.stack([truth, found], axis=1).transpose(2, 1, 0), color="white", linewidth=0.8)
    ring: dict[str, Any] = {"color": "none", "markeredgecolor": "white", "markersize": 6, "markeredgewidth": 0.9}
    axes.plot(*truth.T, "o", path_effects=[withStroke(linewidth=2.2, foreground="black")], label="label", **ring)
    for which, colour, name in (
        (believed, style.SKY, "point, believed"),
        (~believed, style.ORANGE, "point, not believed"),
    ):
        axes.plot(*found[which].T, "x", color=colour, markersize=3.5, markeredgewidth=1.1, label=name)
    low, high = np.nanmin(truth, axis=0), np.nanmax(truth, axis=0)
    half = max(float((high - low).max()) * 0.9, 0.08 * width) * np.array([4 / 3, 1.0])
    (left, top), (right, bottom) = (low + high) / 2 - half, (low + high) / 2 + half
    axes.set(xlim=(left, right), ylim=(bottom, top), facecolor="black")
