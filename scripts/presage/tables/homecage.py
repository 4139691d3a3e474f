"""Tables of the home-cage branch: rows of "column type unit meaning" as in ``sequence``."""

TABLES = {
    "segments": """
        cage str - cage
        date date - cage-day (facility-local date of its lights-on)
        segment i32 - number within the cage-day
        path str - file
        kind str - video or pose
        start_utc utc - first frame
        duration_s f64 s length, by decoded frames
        fps f64 1/s frame rate
        frames_declared i64 frames by the container
        frames_decoded i64 frames that could be read
        usable bool - enters pose
        reason str? - why not
        size i64 bytes of the file
        sha256 str? - of the file; null where homecage.recording.checksum is off
        codec str? - four letters of the video's
        width i64? px of the video's frames
        fps_measured f64? 1/s by the video's time stamps
        uneven f64? - share of steps between frames that are far from the usual one
        brightness f64? - mean grey, 0 to 255, median over one frame a second
        sharpness f64? - variance of the Laplacian, the same; low is blurred
        black_s f64? s of darkness: a covered lens, no light
        frozen_s f64? s in which not even noise changed: a stuck camera
        shift_px f64? px that its picture lies from the cage-day's first; null where that cannot be told
        background bytes? - what stays when animals move, as a small grey JPEG; of the cage-day's first usable video
        gap_s f64? s since the file before ended; null for the first of a cage-day""",
    "quality": """
        cage str - cage
        date date - cage-day
        files i64 files of the day
        files_unusable i64 files of them that could not be used
        coverage f64 - usable / scheduled time, 0 to 1
        hidden f64? - share of the usable frames in which no animal was found: a reading, no gap
        blank f64? - share of the frames that show nothing: dark, or a covered lens
        likelihood f64? - median over the body parts of seen animals
        doubted f64? - share of the points over their cut that the filters did not believe
        swaps i64? - steps in which two animals' tracks changed over; null with one animal
        identity f64? - share of the steps of two animals in which nobody is in doubt; null with one animal
        size_px f64? px length of the body, median
        size_ratio f64? - of it to the median of the seven days before
        frozen_s f64? s in which the picture stood still
        black_s f64? s of darkness
        shift_px f64? px that the picture moved, within the day or from the day before: the larger
        camera_fault bool - something is wrong with the recording: no sign of a sick mouse
        reason str? - what""",
    "pose": """
        time_utc utc - of the frame
        segment i32 - number within the cage-day
        frame i32 - number within the segment
        animal str - individual
        x list_f32 px per body part, in the order of the file's `bodyparts` metadata
        y list_f32 px per body part, image coordinates (down is positive)
        likelihood list_f32 - per body part, 0 to 1; NaN where the image was blank""",
    "held_out_frames": """
        frame str - video and image in the labelled project
        image bytes - the frame as JPEG, 320 px wide or less
        x_label list_f32 px label by body part, in the order of the file's `bodyparts` metadata; NaN: not labelled
        y_label list_f32 px label, image coordinates (down is positive)
        x list_f32 px the model's point, in px of the labelled frame
        y list_f32 px the model's point
        likelihood list_f32 - per body part, 0 to 1""",
    "readings": """
        time_utc utc - start of the interval
        cage str - cage
        animal str? - individual, null where the sensor sees the cage
        name str - feature
        value f64? - NaN-free; null where no_call
        unit str - of the value
        resolution_s f64 s length of the interval
        coverage f64 - usable / scheduled time, 0 to 1""",
    "daily": """
        cage str - cage
        animal str? - individual
        date date - cage-day
        name str - feature, with its phase (night_, day_, all_)
        value f64? - null where too little was seen
        unit str - of the value
        coverage f64 - usable / scheduled time of that phase, 0 to 1
        sampling str - frame rate and duty cycle, or the sensor; baselines never mix two
        source str - sheet row or importer that it came from
        end_utc utc - end of the data window
        provisional bool - the cage-day was not over""",
    "hourly": """
        cage str - cage
        animal str? - individual
        date date - cage-day
        zt i32 h hour of the cage-day, 0 to 23 from lights-on
        name str - feature, without a phase
        value f64? - mean over the hour, weighted by what was seen; null where it was not known
        unit str - of the value
        seen_s f64 s usable time in the hour
        first_utc utc? - when the cage was first seen in the hour
        sampling str - frame rate and duty cycle, or the sensor
        source str - sheet row or importer that it came from""",
    "events": """
        cage str - cage
        animal str? - individual
        time_utc utc - when
        kind str - what it was: docs/alarms.md lists all kinds
        value f64? - severity, weight share ...
        note str? - free text""",
    "urgent": """
        cage str - cage
        date date - cage-day
        time_utc utc - when the limit was passed
        state str - hidden or motionless
        hours f64 h how long in all, within the dark phase""",
    "distress_scores": """
        cage str - cage
        animal str? - individual
        date date - cage-day that was judged
        decision_utc utc - end of the data window plus processing latency
        score f64? - detector score, higher is worse; null where no_call
        threshold f64? - at the configured alarm budget; null before the first model's date
        alarm bool - score is over the threshold
        no_call bool - too little was seen to judge
        warm_up bool - the baseline or the first model is not yet there
        masked bool - a husbandry event took the day's evidence
        explanation str? - strongest deviations in words
        model_hash str - dated detector
        seed i32 - of the run
        code_hash str - library code behind this row""",
    "alarms": """
        cage str - cage
        animal str? - individual
        episode i32 - number within the cage; alarms merged across gaps of at most 2 days; 0 for an urgent check
        first_date date - first alarm day
        last_date date - last alarm day
        alarm_days i32 days days with an alarm
        decision_utc utc - of the first alarm
        score f64? - highest; null for an urgent check
        threshold f64 - of the day with that score, at the configured alarm budget; for an urgent check its hours
        budget f64 1/cage-month false-alarm episodes that the threshold was set for
        level str - watch, check or urgent
        explanation str - strongest deviations in words
        model_hash str - dated detector
        config_hash str - settings behind it
        data_hash str - readings behind it
        code_hash str - library code behind it""",
    "reasons": """
        cage str - cage
        animal str? - individual
        episode i32 - of the alarms table
        date date - its worst cage-day
        rank i32 - 1 is the strongest deviation
        feature str - daily feature, with its phase
        value f64 - mean of the last `window_days` days
        usual f64 - own baseline
        band_low f64 - where that mean lies in 95 % of such stretches of this animal in health
        band_high f64 - its upper end
        unit str - of the value
        deviation f64 - towards illness, in the animal's own standard errors
        window_days i32 days that were compared with the baseline
        zt i32? h hour of the worst day in which the feature was furthest from its usual at that hour
        watch_utc utc? - when the cage was first seen in that hour: where to look
        clip str? - film of it, below the homecage folder, where there is video; Snakemake makes it when asked for""",
    "lead_time": """
        cage str - cage
        animal str? - individual
        group str - cohort or treatment
        event str - kind of event
        event_utc utc - when a person or a scale recorded it
        onset_utc utc? - true onset, known in simulated worlds only
        decision_utc utc? - decision time of the alarm that counts
        lead_days f64? d event minus decision
        delay_days f64? d decision minus true onset
        status str - detected, early (false alarm), late, missed, or not_judged (warm-up or no_call up to the event)
        budget f64 1/cage-month alarm budget
        detector str - ours or a one-line rule
        simulated bool - from a simulated world""",
    "evaluation": """
        metric str - name as in docs/numbers.md
        detector str - ours or a one-line rule
        group str - cohort or treatment
        budget f64? 1/cage-month alarm budget
        value f64? - the number
        ci_low f64? - 95 % interval
        ci_high f64? - 95 % interval
        n i64 - cases, cages or cage-days behind it
        unit str - of the value
        note str? - why null, which interval, what to keep in mind
        simulated bool - from a simulated world""",
}
