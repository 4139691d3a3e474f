"""presage.study.homecage: what a bad study is told before any job."""

import contextlib
import json

import pytest

from presage import sheets
from presage.config.distress import Features
from presage.config.pose import Filters, Pose, Recording
from presage.config.root import HomeCage
from presage.errors import UserError
from presage.homecage.pose.body_parts import MODEL_FILES
from presage.study.homecage import HomeCageInputs

PARTS = ["snout", "tailbase", "leftear"]


@pytest.fixture
def project(tmp_path):
    (tmp_path / "config.yaml").write_text(f"bodyparts: [{', '.join(PARTS)}]\n")
    return tmp_path


@pytest.fixture
def model(tmp_path):
    for name in MODEL_FILES:
        (tmp_path / name).write_text(json.dumps({"bodyparts": PARTS}))
    return tmp_path


def check(pose, **features):
    HomeCageInputs(HomeCage(pose=pose, features=Features(**features), dss={"healthy": "a", "path": "b"}), "").check()


@pytest.fixture
def filmed(tmp_path, monkeypatch):
    """Cage A with an hour before and one after lights-on (07:00 in Berlin), and finished pose in cage B."""
    monkeypatch.chdir(tmp_path)
    for name in ("a1.mp4", "a2.mp4", "b.csv"):
        (tmp_path / name).write_bytes(b"1234")
    rows = ["cage\tstart\tpath\tfps", "A\t2026-03-02T06:00:00\ta1.mp4\t30"]
    rows += ["A\t2026-03-02T07:00:00\ta2.mp4\t30", "B\t2026-03-02T12:00:00+00:00\tb.csv\t30"]
    (tmp_path / "segments.tsv").write_text("\n".join(rows) + "\n")
    clock = Recording(time_zone="Europe/Berlin", lights_on="07:00", lights_off="19:00")
    return HomeCageInputs(HomeCage(segments="segments.tsv", recording=clock), "")


def test_segments_belong_to_the_day_that_began_with_the_lights(filmed):
    assert filmed.cage_days == [("A", "2026-03-01"), ("A", "2026-03-02"), ("B", "2026-03-02")]
    assert filmed.paths("A", "2026-03-01") == ["a1.mp4"] and filmed.paths("A", "2026-03-05") == []
    assert [filmed.has_video(*day) for day in filmed.cage_days] == [True, True, False]
    assert filmed.unmatched == [] and filmed.recordings_to_make("A", "2026-03-01") == []
    assert filmed.day_of_clip("A", "20260302T055959Z") == "2026-03-01"
    assert filmed.day_of_clip("A", "20260302T060000Z") == "2026-03-02"


def test_a_clip_of_a_day_that_was_not_filmed_is_refused(filmed):
    with pytest.raises(
        UserError, match=r"clip of cage B at 20260301T120000Z: no recording of its cage-day, 2026-03-01"
    ):
        filmed.day_of_clip("B", "20260301T120000Z")


def test_a_cage_day_changes_with_its_files_and_only_with_them(filmed, tmp_path):
    first, second = (filmed.manifest("A", day) for day in ("2026-03-01", "2026-03-02"))
    [[cage, start, path, fps, size, changed]] = json.loads(first)
    assert (cage, start, path, fps, size) == ("A", "2026-03-02T06:00:00", "a1.mp4", "30", 4) and changed > 0
    (tmp_path / "a1.mp4").write_bytes(b"12345")
    assert filmed.manifest("A", "2026-03-01") != first and filmed.manifest("A", "2026-03-02") == second


def test_a_recording_that_vanishes_after_the_plan_is_named(filmed, tmp_path):
    assert filmed.cage_days
    (tmp_path / "a1.mp4").unlink()
    with pytest.raises(UserError, match=r"a1\.mp4: has vanished since the sheet was read"):
        filmed.manifest("A", "2026-03-01")


def test_recordings_by_their_names_and_those_that_do_not_fit(filmed, tmp_path):
    (tmp_path / "A_20260302T0700.mp4").touch()
    found = HomeCageInputs(HomeCage(segments=str(tmp_path / "{cage}_{start:%Y%m%dT%H%M}.mp4")), "")
    assert found.cage_days == [("A", "2026-03-02")]
    assert found.unmatched == [str(tmp_path / name) for name in ("a1.mp4", "a2.mp4", "b.csv")]


def test_public_recordings_are_fetched_before_they_are_looked_at(tmp_path):
    sheet = tmp_path / "s.tsv"
    public = "registry:pose/m3v1_reference_pose.csv"
    sheet.write_text(f"cage\tstart\tpath\tfps\nA\t2026-03-02T12:00:00\t{public}\t30\n")
    found = HomeCageInputs(HomeCage(segments=str(sheet)), "")
    [path] = found.recordings_to_make("A", "2026-03-02")
    assert path.startswith("resources/public/") and path.endswith("m3v1_reference_pose.csv")
    assert json.loads(found.manifest("A", "2026-03-02"))[0][2:] == [path, "30", None, None]


def test_video_needs_a_model(filmed, project):
    with pytest.raises(UserError, match=r"there is video but no model; set pose\.project or pose\.model"):
        filmed.pose_model("trained")
    for pose, expected in (
        (Pose(project=str(project)), "trained"),
        (Pose(engine="superanimal"), "trained"),
        (Pose(model="mine"), "mine"),
    ):
        assert HomeCageInputs(HomeCage(pose=pose, segments="s.tsv"), "").pose_model("trained") == expected


def test_body_parts_that_the_project_has(project):
    check(Pose(project=str(project), filters=Filters(limbs=(("snout", "leftear"),))))
    check(Pose(project=str(project)), length_parts=("leftear", "tailbase"))


@pytest.mark.parametrize("source", ["project", "model"])
def test_a_body_part_that_it_lacks_is_named_before_any_job(source, request):
    pose = Pose(**{source: str(request.getfixturevalue(source))})
    with pytest.raises(UserError, match=r"length_parts: names nose, which .* lacks; choose from snout, tailbase"):
        check(pose, length_parts=("nose", "tailbase"))
    limbs = pose.model_copy(update={"filters": Filters(limbs=(("snout", "hip"),))})
    with pytest.raises(UserError, match=r"filters\.limbs: names hip, which"):
        check(limbs)


@pytest.mark.parametrize("name", MODEL_FILES)
def test_a_model_without_a_file_is_refused_before_any_job(model, name):
    (model / name).unlink()
    with pytest.raises(UserError, match=f"{name}: does not exist"):
        check(Pose(model=str(model)))


def test_a_project_that_is_none(tmp_path):
    with pytest.raises(UserError, match=r"config\.yaml: does not exist"):
        check(Pose(project=str(tmp_path / "nowhere")))


def test_public_and_superanimal_models_are_looked_at_in_their_jobs():
    check(Pose(project="registry:pose/openfield-Pranav-2018-10-30/"), length_parts=("no", "where"))
    check(Pose(engine="superanimal", model="nowhere"))


def inputs(tmp_path, rows, cages="C4 C5"):
    (tmp_path / "cages.tsv").write_text("cage\trole\n" + "".join(f"{name}\tevaluate\n" for name in cages.split()))
    lines = ["cage\tstart\tpath\tfps"]
    for number, (cage, ending, fps) in enumerate(rows):
        (tmp_path / f"{number}{ending}").write_text("x")
        lines.append(f"{cage}\t2026-05-01T{number:02d}:00:00\t{number}{ending}\t{fps}")
    (tmp_path / "segments.tsv").write_text("\n".join(lines) + "\n")
    given = {"cages": str(tmp_path / "cages.tsv"), "segments": str(tmp_path / "segments.tsv")}
    return HomeCageInputs(HomeCage(pose=Pose(project=str(tmp_path)), **given), "")


def test_a_cage_that_the_cage_sheet_lacks_is_named_before_any_job(tmp_path):
    with pytest.raises(UserError, match=r"C05 is no cage of the cage sheet; did you mean C5\?"):
        inputs(tmp_path, [("C4", ".mp4", ""), ("C05", ".mp4", "")]).cage_days  # noqa: B018


def test_another_animals_cage_is_never_offered(tmp_path):
    """In a rack the nearest name is the neighbour's."""
    with pytest.raises(
        UserError, match=r"R2_B2 is no cage of the cage sheet; add it to the .* \(there: R2_B1, R2_B3\)"
    ):
        inputs(tmp_path, [("R2_B2", ".mp4", "")], "R2_B1 R2_B3").cage_days  # noqa: B018


def test_a_frame_rate_with_a_comma_is_told_with_its_row(tmp_path):
    with pytest.raises(UserError, match=r"segments\.tsv row 3, column fps: '2,0' is no positive number"):
        inputs(tmp_path, [("C4", ".csv", "2"), ("C5", ".csv", "2,0")]).cage_days  # noqa: B018


def test_a_pose_table_needs_its_frame_rate_before_any_job(tmp_path):
    assert inputs(tmp_path, [("C4", ".csv", "2"), ("C5", ".mp4", "")]).cage_days
    with pytest.raises(UserError, match=r"0\.csv: is a pose file without a frame rate"):
        inputs(tmp_path, [("C4", ".csv", "")]).cage_days  # noqa: B018


def test_body_parts_of_finished_pose_are_looked_up_before_any_job(tmp_path):
    study = inputs(tmp_path, [("C4", ".csv", "2")])
    (tmp_path / "config.yaml").write_text("bodyparts: [snout, tailbase]\n")  # of the project, for video
    rows = ("scorer,m,m,m", "bodyparts,nose,nose,nose", "coords,x,y,likelihood", "0,1,2,0.9")
    (tmp_path / "0.csv").write_text("\n".join(rows))
    with pytest.raises(UserError, match=r"length_parts: names snout, tailbase, which .*0\.csv lacks; choose from nose"):
        study._check_body_parts()
    (tmp_path / "0.csv").write_text("\0no table")
    study._check_body_parts()  # its own job says what is wrong with it


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("C4\t2026-05-01T09:00:00\tdeath\t", None),
        ("C05\t2026-05-01T09:00:00\tdeath\t", r"row 2, column cage: C05 is no cage .*; did you mean C5\?"),
        ("C4\t1.5.2026\tdeath\t", r"row 2, column time_utc: '1\.5\.2026' is no ISO date-time"),
        ("C4\t2026-05-01T09:00:00\tsick\t", r"row 2, column kind: 'sick' is not known"),
        ("C4\t2026-05-01T09:00:00\tweighing\t26,8", r"row 2, column value: '26,8' is not a number"),
    ],
)
def test_events_are_read_before_any_job(tmp_path, monkeypatch, row, said):
    """Not after hours of pose, when they are needed first."""
    given = inputs(tmp_path, [("C4", ".mp4", "")])
    (tmp_path / "events.tsv").write_text(f"cage\ttime_utc\tkind\tvalue\n{row}\n")
    given.config = given.config.model_copy(update={"events": str(tmp_path / "events.tsv"), "pose": Pose(model="m")})
    monkeypatch.setattr(given, "_check_body_parts", lambda: None)
    with contextlib.nullcontext() if said is None else pytest.raises(UserError, match=said):
        given.check()


def test_events_with_commas_are_told_to_use_tabs(tmp_path):
    (tmp_path / "e.tsv").write_text("cage,time_utc,kind\nC4,2026-05-01T09:00:00,death\n")
    with pytest.raises(UserError, match="separate the columns with tabs, not commas"):
        sheets.read_events(tmp_path / "e.tsv")
