"""The chart in the README: each figure relative to its goal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from infrastructure.bench.figures import Figure

_MET: Final = "#2e7d5b"
_MISSED: Final = "#b4552d"
_ROW_INCHES: Final = 0.34


def _share_of_goal(figure: Figure, goal: float) -> float:
    """Return how much of the goal a value takes up: up to 1 if the goal is met."""
    return goal / figure.value if figure.more_is_better else figure.value / goal


def draw(figures: Sequence[Figure], file: Path) -> None:
    """Write an SVG chart of the figures that have a goal, each as a share of its goal."""
    import matplotlib as mpl

    mpl.use("svg")
    # Keep text as text, and write the same file for the same figures.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "undelivered", "font.family": "sans-serif"})
    from matplotlib import pyplot as plt

    bars = [(figure, _share_of_goal(figure, figure.goal)) for figure in reversed(figures) if figure.goal]
    picture, axes = plt.subplots(figsize=(8, 1.1 + _ROW_INCHES * len(bars)), layout="constrained")
    axes.barh(
        [figure.name.replace("_", " ") for figure, _ in bars],
        [share for _, share in bars],
        color=[_MET if figure.is_met else _MISSED for figure, _ in bars],
        height=0.6,
    )
    for position, (figure, share) in enumerate(bars):
        axes.text(share, position, f"  {figure.value:.3g} {figure.unit}", va="center", fontsize=8)
    axes.axvline(1, color="#444444", linewidth=1)
    axes.text(1, len(bars) - 0.4, "goal", ha="center", va="bottom", fontsize=8)
    axes.set_xlim(0, max(1.25, *(share * 1.2 for _, share in bars)))
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.spines[:].set_visible(False)
    picture.savefig(file, format="svg", metadata={"Date": None})
    plt.close(picture)
