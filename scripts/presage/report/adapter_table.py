"""The adapters of a run side by side, as a Markdown table: ``python -m presage.report.adapter_table results/<run>``."""

import pandas as pd

from presage.report.adapter_costs import adapter_costs
from presage.report.command_line import print_of_run
from presage.report.run import Run
from presage.report.summary import pick

COLUMNS = (
    "adapter",
    "trainable",
    "share of trunk",
    "valid r",
    "test r",
    "95 %",
    "over seeds",
    "minus probe",
    "95 %",
    "s a fit",
    "peak MB",
)


def adapter_table(run: Run, reference: str = "probe") -> str:
    """One line for each adapter of the run, the best on the valid windows first.

    ``valid r`` and ``test r`` are means over seeds of the mean Pearson over tracks; intervals are over windows;
    ``over seeds`` is the lowest and highest seed. Time and memory are Snakemake's own of the fitting jobs.

    Raises :class:`NoData` when nothing was evaluated.
    """
    metrics = run.table("metrics")
    test = metrics[metrics["split"] == "test"]
    costs, lines = adapter_costs(run), {}
    for name, fits in costs.groupby("name", sort=False):
        value, low, high = pick(test, "bin_pearson", model=name, group="all")
        own = test[(test["metric"] == "bin_pearson") & (test["model"] == name) & (test["group"] == "all")]
        seeds = own["value"][own["seed"].notna()]
        valid, first = float(fits["valid_pearson"].mean()), fits.iloc[0]
        cells = [
            str(name),
            f"{int(first['adapter_parameters']):,d}",
            f"{first['trainable_fraction']:.2%}",
            f"{valid:.3f}",
            f"{value:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{seeds.min():.3f} to {seeds.max():.3f}",
            *_difference(test, str(name), reference),
            f"{fits['seconds'].mean():.0f}",
            f"{fits['peak_mb'].max():,.0f}",
        ]
        lines[name] = (valid, "| " + " | ".join(cells) + " |")
    head = ["| " + " | ".join(COLUMNS) + " |", "|---" + "|---:" * (len(COLUMNS) - 1) + "|"]
    return "\n".join([*head, *(line for _, line in sorted(lines.values(), key=lambda item: -item[0]))])


def _difference(test: pd.DataFrame, name: str, reference: str) -> tuple[str, str]:
    if name == reference:
        return "", ""
    value, low, high = pick(test, "bin_pearson_difference", model=name, group="all")
    return f"{value:+.3f}", f"{low:+.3f} to {high:+.3f}"


if __name__ == "__main__":
    print_of_run(lambda folder: adapter_table(Run(folder)))
