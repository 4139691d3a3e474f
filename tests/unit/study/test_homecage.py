"""presage.study.homecage: what a bad study is told before any job."""

import json

import pytest

from presage.config.distress import Features
from presage.config.pose import Filters, Pose
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
    sheets = {"cages": str(tmp_path / "cages.tsv"), "segments": str(tmp_path / "segments.tsv")}
    return HomeCageInputs(HomeCage(pose=Pose(project=str(tmp_path)), **sheets), "")


def test_a_cage_that_the_cage_sheet_lacks_is_named_before_any_job(tmp_path):
    with pytest.raises(UserError, match=r"cage C05: is in no row of .*cages.tsv; did you mean C5\?"):
        inputs(tmp_path, [("C4", ".mp4", ""), ("C05", ".mp4", "")]).cage_days  # noqa: B018


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
