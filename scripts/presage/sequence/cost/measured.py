"""What was measured of jobs on a CPU, and is reckoned with wherever a study will run.

Two cores of an AMD EPYC (AVX2), which had other work. docs/cost.md has the demo's jobs beside what these numbers say.
"""

LIBRARIES = 1.0e9
"""Bytes of a job beside its model and windows: Python, torch, pandas and the others, and what they set aside.

Imports and an optimiser take 0.78 GB, and readers and torch's own buffers up to 0.25 GB more in the demo's jobs:

    OMP_NUM_THREADS=1 PYTHONPATH=scripts .venv/bin/python -c "import torch, presage.entry as job,
    presage.sequence.variants.part, presage.sequence.adapters.step, presage.sequence.evaluate_step;
    torch.optim.AdamW([torch.zeros(1)]); print(job.peak_mb())"
"""

START_S = 8.0
"""Seconds of a job that has nothing to compute: Python and imports, the trunk and its data opened, outputs written.

The command above takes 5 s of them with `time` before it, and the call of a script 1 to 3 s: `s` in the demo's
benchmarks less `took` in the jobs' logs.
"""

CPU_SHARE = 0.25
"""Share of a core's peak that small models reach, forward and backward.

`snakemake --cores 1 --configfile config/demo.yaml` (torch_threads 1), column cpu_time of results/demo/benchmarks/: the
trunk's 3.92 TFLOP took 160 s, 0.27 of 95 GFLOP/s without the start; LoRA's 1.81 TFLOP 68 s, 0.32. Variants reach less.
"""
