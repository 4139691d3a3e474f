"""What the sequence branch will cost, printed before it is run: docs/cost.md.

REQUIRES the configuration; what the run has made already, and the index of its genome, make the numbers exact
PRODUCES nothing: it prints, and so it always runs
"""


localrules:
    cost,


rule cost:
    log:
        f"{LOGS}/cost.log",
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        config=settings(CFG),
    message:
        "Work out what the sequence branch will cost"
    script:
        "../../scripts/cost.py"
