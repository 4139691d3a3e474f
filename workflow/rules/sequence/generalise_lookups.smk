"""Paths and look-ups of the hold-outs. Functions only."""

GENERALISE = f"{SEQUENCE}/generalise"


def all_hold_outs():
    """Every hold-out of the study; none where there is no coverage to predict."""
    return hold_outs(SEQ.generalise) if SEQ and SEQ_IN.runs else []


def hold_out(wildcards):
    """The hold-out that a job is about."""
    (found,) = [
        out
        for out in all_hold_outs()
        if (out.axis, out.held) == (wildcards.axis, wildcards.held)
    ]
    return found


def hold_out_settings(wildcards):
    """The hold-out as plain values."""
    return vars(hold_out(wildcards))


def generalised_run():
    """Name of the adapter run that is fitted again."""
    return SEQ.generalise.adapter or next(iter(SEQ.adapt.names))


def side_targets(side):
    """Input function: coverage of one side of a hold-out (kept or held); the study's, where tracks are chosen from it."""

    def targets(wildcards):
        pooled = f"{GENERALISE}/{wildcards.axis}/{wildcards.held}/{side}/targets.zarr"
        return pooled if hold_out(wildcards).pools_again else adapt_targets()

    return targets


def side_tracks(side):
    """Input function: what the tracks of that side are."""

    def tracks(wildcards):
        pooled = f"{GENERALISE}/{wildcards.axis}/{wildcards.held}/{side}/tracks.parquet"
        return [pooled] if hold_out(wildcards).pools_again else track_table()

    return tracks


def held_qc(wildcards):
    """Noise ceilings of the held-out tracks."""
    pooled = f"{GENERALISE}/{wildcards.axis}/{wildcards.held}/held/qc.json"
    return [pooled] if hold_out(wildcards).pools_again else track_qc()


def generalise_adapt_settings(wildcards):
    """The adapter run that is fitted again, with what all runs share."""
    (run,) = [run for run in SEQ.adapt.runs if run.name == generalised_run()]
    return {
        **settings(SEQ.adapt),
        "runs": [settings(run)],
        "seeds": [int(wildcards.seed)],
        "grid": [],
        "given": {},
    }


def generalise_embeddings(wildcards):
    """The frozen trunk's outputs on disk, for a run that starts behind them."""
    (run,) = [run for run in SEQ.adapt.runs if run.name == generalised_run()]
    stage = cached_stage(run) if SEQ.adapt.cached_trunk else None
    return [f"{SEQUENCE}/embeddings/{stage}.zarr"] if stage else []


def held_out_fits(wildcards):
    """Adapters that were fitted without it, one per seed."""
    return [
        f"{GENERALISE}/{wildcards.axis}/{wildcards.held}/adapt/seed{seed}/adapter.safetensors"
        for seed in SEQ.adapt.seeds
    ]


def decoder_base(wildcards):
    """The adapter that the decoder sits on: the first one that was fitted without the hold-out, or none."""
    return held_out_fits(wildcards)[:1] if SEQ.cells.adapter else []


def held_out_decoder(wildcards):
    """The decoder that was fitted without it, where cells have one."""
    asked = SEQ.cells and SEQ.generalise.decoder and wildcards.axis != "tracks"
    return optional(
        asked
        and f"{GENERALISE}/{wildcards.axis}/{wildcards.held}/cells/decoder.safetensors"
    )


def hold_out_metrics():
    """What each hold-out leaves."""
    return [f"{GENERALISE}/{o.axis}/{o.held}/metrics.parquet" for o in all_hold_outs()]
