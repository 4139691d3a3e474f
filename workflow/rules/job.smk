"""Inside a job, where Snakemake reads this workflow again: the job's own rule is all that may run.

`rules.X.output` as an input also names the rule that makes it, and Snakemake then judges that rule's job, too: had a module
been edited since the run began, the job would first make its inputs again, while other jobs read them.
"""

if not workflow.is_main_process:
    for each in workflow.rules:
        each.dependencies.clear()
