"""What people read: figures, the morning page, the run's page and its headline numbers.

REQUIRES the tables of the configured branches
PRODUCES <run>/{summary.json,config.yaml,index.html,record.json}, <run>/figures/, <run>/sequence/pseudobulk/qc.html,
<run>/sequence/variants/<set>/variants.html, <run>/homecage/{morning.html,timeline/}
"""


rule sequence_figures:
    input:
        sequence_tables(),
    output:
        [
            report(
                path,
                caption=f"../report/{Path(path).stem}.rst",
                category="sequence",
                subcategory="figures",
                labels=figure_labels(path),
            )
            for path in figure_files("sequence", "svg")
        ],
        figure_files("sequence", "pdf"),
        figure_files("sequence", "png"),
        figure_files("sequence", "parquet"),
    log:
        f"{LOGS}/sequence_figures.log",
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        run=run_folder,
        settings=settings(CFG.report),
        branch="sequence",
        simulated=SIMULATED["sequence"],
        code=code("figures"),
    message:
        "Draw the sequence figures"
    script:
        "../../scripts/figures.py"


rule sequence_pseudobulk_page:
    input:
        rules.sequence_pseudobulk.output,
        genes=rules.sequence_reference.output.genes,
        reference=rules.sequence_reference.output.qc,
        clusters=cluster_report(),
    output:
        page=report(
            f"{SEQUENCE}/pseudobulk/qc.html",
            caption="../report/pseudobulk.rst",
            category="sequence",
            subcategory="pages",
            labels={"shows": "pseudobulk quality", "as": "page"},
        ),
    log:
        f"{LOGS}/sequence_pseudobulk_page.log",
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(30),
    params:
        run=run_folder,
        settings=settings(CFG.report),
        genome=Path(SEQ_IN.fasta).name,
        code=code("sequence_pseudobulk_page"),
    message:
        "Write the pseudobulk page"
    script:
        "../../scripts/sequence_pseudobulk_page.py"


rule sequence_evaluation_page:
    input:
        tables=evaluation_tables(),
        curves=rules.sequence_evaluate_variants.output.roc,
        beside=[*track_table(), *track_qc()],
    output:
        page=report(
            f"{SEQUENCE}/evaluate/evaluation.html",
            caption="../report/evaluation.rst",
            category="sequence",
            subcategory="pages",
            labels={"shows": "evaluation: leakage, folds, hold-outs", "as": "page"},
        ),
    log:
        f"{LOGS}/sequence_evaluation_page.log",
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(30),
    params:
        run=run_folder,
        settings=settings(CFG.report),
        code=code("sequence_evaluation_page"),
    message:
        "Write the evaluation page"
    script:
        "../../scripts/sequence_evaluation_page.py"


rule sequence_variants_page:
    input:
        scores=rules.sequence_variants.output.scores,
        beside=variant_files_beside,
        dropped=f"{SEQUENCE}/variants/{{set}}/dropped.parquet",
        null=null_sites,
        ism=ism_files(("parquet",)),
        trunk=rules.sequence_trunk.output.weights,
        adapters=scoring_adapters(),
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
    output:
        page=report(
            f"{SEQUENCE}/variants/{{set}}/variants.html",
            caption="../report/variants.rst",
            category="sequence",
            subcategory="pages",
            labels={"shows": "variants of {set}", "as": "page"},
        ),
    log:
        f"{LOGS}/sequence_variants_page/{{set}}.log",
    conda:
        "../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(120),
        gpu=min(1, CFG.gpus),
    params:
        settings=scoring_settings(),
        folds_known=scorers_folds_known(),
        report=settings(CFG.report),
        run=CFG.run,
        torch_threads=CFG.torch_threads,
        code=code("sequence_variants_page"),
    message:
        "Write the page of {wildcards.set}"
    script:
        "../../scripts/sequence_variants_page.py"


rule homecage_figures:
    input:
        homecage_tables(),
        events=optional(CAGE_IN.events),
    output:
        [
            report(
                path,
                caption=f"../report/{Path(path).stem}.rst",
                category="homecage",
                subcategory="figures",
                labels=figure_labels(path),
            )
            for path in figure_files("homecage", "svg")
        ],
        figure_files("homecage", "pdf"),
        figure_files("homecage", "png"),
        figure_files("homecage", "parquet"),
    log:
        f"{LOGS}/homecage_figures.log",
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        run=run_folder,
        settings=settings(CFG.report),
        branch="homecage",
        recording=recording_settings(),
        simulated=SIMULATED["homecage"],
        code=code("figures"),
    message:
        "Draw the home-cage figures"
    script:
        "../../scripts/figures.py"


rule homecage_morning:
    input:
        homecage_tables(),
        hourly=rules.homecage_readings.output.hourly,
        reasons=rules.homecage_distress.output.reasons,
        clips=clips(),
        cages=optional(CAGE_IN.cages),
        events=optional(CAGE_IN.events),
    output:
        page=f"{HOMECAGE}/morning.html",
        timelines=directory(f"{HOMECAGE}/timeline"),
    log:
        f"{LOGS}/homecage_morning.log",
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        run=run_folder,
        settings=settings(CFG.report),
        recording=recording_settings(),
        simulated=SIMULATED["homecage"],
        code=code("homecage_morning"),
    message:
        "Write the morning page and the cage timelines"
    script:
        "../../scripts/homecage_morning.py"


rule summary:
    input:
        sequence_tables(),
        homecage_tables(),
    output:
        summary=f"{RUN}/summary.json",
        config=f"{RUN}/config.yaml",
    log:
        f"{LOGS}/summary.log",
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        run=run_folder,
        config=settings(CFG),
        code=code("summary"),
    message:
        "Sum the run up"
    script:
        "../../scripts/summary.py"


rule index:
    input:
        summary=rules.summary.output.summary,
        figures=figure_targets(),
        pseudobulk=pseudobulk_page(),
        pictures=pictures(),
        variants=variants_pages(),
        evaluation=evaluation_page(),
        homecage=[*homecage_tables(), *clips()],
        morning=morning_targets(),
    output:
        page=report(
            f"{RUN}/index.html",
            caption="../report/index.rst",
            category="overview",
            subcategory="pages",
            labels={"shows": "the run", "as": "page"},
        ),
    log:
        f"{LOGS}/index.log",
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        run=run_folder,
        settings=settings(CFG.report),
        facts=facts(),
        code=code("index"),
    message:
        "Write the run's page"
    script:
        "../../scripts/index.py"


rule record:
    input:
        page=rules.index.output.page,
        everything=[*sequence_targets(), *homecage_targets()],
    output:
        record=f"{RUN}/record.json",
    log:
        f"{LOGS}/record.log",
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(60),
    params:
        run=run_folder,
        config=settings(CFG),
        given=given_files(),
        code=code("record"),
    message:
        "Record what the run was made from"
    script:
        "../../scripts/record.py"
