"""What a plugin says is read before any job, what depends on it reruns with it, and mistakes are told in a line."""

import re
from pathlib import Path

import pytest
import yaml

from presage import plugins
from presage.config.load import load
from presage.errors import UserError
from presage.provenance import SCRIPTS, closure_hash
from tests.plugins.conftest import HERE
from tests.running import MICRO, ROOT, snakemake

ALL = sorted(path for path in HERE.glob("*.py") if "PROVIDES" in path.read_text() and not path.stem.startswith("test"))


def test_there_is_one_of_each_kind() -> None:
    plugins.use(map(str, ALL))
    assert all(len(plugins.provided(kind)) == len(plugins.added(kind)) == 1 for kind in plugins.REGISTRIES)
    plugins.use(())


def hashes(*paths: Path) -> dict[str, str]:
    """Code hash of every script with these plugins."""
    plugins.use(map(str, paths))
    found = {script.stem: closure_hash(script) for script in sorted(SCRIPTS.glob("*.py"))}
    plugins.use(())
    return found


@pytest.mark.parametrize(
    ("name", "depends", "apart"),
    [
        ("kron", {"sequence_adapt", "sequence_variants_part"}, {"sequence_pseudobulk_part", "homecage_pose"}),
        ("peak_log_fc", {"sequence_variants_part"}, {"sequence_adapt", "homecage_distress"}),
        ("untrained", {"sequence_trunk"}, {"sequence_adapt", "sequence_pseudobulk"}),
        ("corner_fraction", {"homecage_features"}, {"homecage_pose", "homecage_readings", "sequence_adapt"}),
        ("worst_feature", {"homecage_distress", "homecage_evaluate"}, {"homecage_features", "sequence_trunk"}),
        ("coco_json", {"homecage_pose", "homecage_segments"}, {"homecage_distress", "sequence_trunk"}),
        ("awd", {"homecage_readings"}, {"homecage_pose", "sequence_trunk"}),
    ],
)
def test_exactly_the_rules_that_can_reach_its_registry_depend_on_a_plugin(
    name: str, depends: set[str], apart: set[str], tmp_path: Path
) -> None:
    none, first = hashes(), hashes(HERE / f"{name}.py")
    reached = {script for script in none if none[script] != first[script]}
    assert depends <= reached and not apart & reached
    same, other = tmp_path / f"{name}.py", tmp_path / "other.py"
    same.write_text((HERE / f"{name}.py").read_text().replace('"""', '"""Another docstring. ', 1) + "# a comment\n")
    other.write_text((HERE / f"{name}.py").read_text() + "MORE = 1\n")
    assert hashes(same) == first, "words are not code, and a plugin may move"
    assert {script for script, found in hashes(other).items() if found != first[script]} == reached


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = (", "is no Python"),
        ("x = 1\n", "does not say in a literal what it provides"),
        ("PROVIDES = dict(score={})\n", "does not say in a literal"),
        ('PROVIDES = {"trick": {"x": {}}}\n', "provides a 'trick', which is no kind of plugin; use adapter, detector"),
        ('PROVIDES = {"score": {"Peak!": {}}}\n', "needs a name of small letters"),
    ],
)
def test_a_file_that_is_no_plugin_is_told_in_one_line(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(text)
    with pytest.raises(UserError, match=r"p\.py") as raised:
        plugins.use([str(tmp_path / "p.py")])
    assert told in str(raised.value) and "\n" not in str(raised.value)
    with pytest.raises(UserError, match="is no file that can be read"):
        plugins.use([str(tmp_path / "none.py")])


def test_a_plugin_that_breaks_is_told_by_its_file(with_plugins, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text('import no_such_package\n\nPROVIDES = {"score": {"x": {}}}\n')
    (tmp_path / "lacks.py").write_text('PROVIDES = {"score": {"y": {}}}\n')
    plugins.use([str(tmp_path / "broken.py")])
    assert plugins.provided("score") == {"x": {}}, "read without importing it"
    with pytest.raises(UserError, match=r"broken\.py: cannot be imported \(ModuleNotFoundError"):
        plugins.added("score")
    plugins.use([str(tmp_path / "lacks.py")])
    with pytest.raises(UserError, match=r"lacks\.py: provides score y but has none"):
        plugins.added("score")
    with pytest.raises(UserError, match="score y is provided twice"):
        plugins.use([str(tmp_path / "lacks.py")] * 2)


def test_a_name_is_known_only_with_its_plugin(with_plugins) -> None:
    sequence = {"world": {}, "adapt": {"runs": [{"name": "k", "kind": "kron"}]}}
    given = {"plugins": [str(HERE / "kron.py")], "sequence": sequence}
    run = load(given, ROOT / "config" / "demo.yaml").sequence.adapt.runs[0]  # type: ignore[union-attr]
    assert run.rank == 4
    with pytest.raises(UserError, match=r"'kron' is none of lora, dora, .*, probe, ridge"):
        load({**given, "plugins": []}, ROOT / "config" / "demo.yaml")


def test_a_run_plans_and_its_jobs_load_the_plugins(tmp_path: Path) -> None:
    """All seven kinds are named in one study; the trunk's job then runs."""
    study = yaml.safe_load(MICRO.read_text())
    study["plugins"] = [str(path) for path in ALL]
    study["sequence"]["trunk"] = {"kind": "untrained"}
    study["sequence"]["adapt"]["runs"] = [{"name": "lora", "kind": "kron"}]
    study["homecage"]["compare"] = {"detectors": ["rules", "worst_feature"]}
    config = tmp_path / "study.yaml"
    config.write_text(yaml.safe_dump(study))
    planned = snakemake(config, tmp_path, "-n", "--cores", "1")
    assert planned.returncode == 0, planned.stdout[-3000:]
    done = snakemake(config, tmp_path, "--cores", "1", "--", f"{tmp_path}/micro/sequence/trunk/trunk.safetensors")
    assert done.returncode == 0, done.stdout[-3000:]
    assert '"origin": "untrained"' in (tmp_path / "micro/sequence/trunk/card.json").read_text()

    study["plugins"].remove(str(HERE / "untrained.py"))
    config.write_text(yaml.safe_dump(study))
    refused = snakemake(config, tmp_path, "-n", "--cores", "1")
    assert refused.returncode != 0
    assert "config key sequence.trunk.kind: 'untrained' is none of" in refused.stdout


def test_the_example_of_the_page_does_what_the_page_says(with_plugins, tmp_path: Path) -> None:
    import torch

    from presage.sequence.variants.scores import scores

    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "extend.md").read_text(), re.S)
    (tmp_path / "summit.py").write_text(code)
    plugins.use([str(tmp_path / "summit.py")])
    ref = torch.rand(2, 5, 3) + 100
    found = scores()["summit"].measure(ref, 2 * ref, torch.ones(2, 5, 3, dtype=torch.bool), 1.0)
    assert found.shape == (2, 3) and torch.allclose(found, torch.ones(2, 3), atol=0.02)


def test_the_page_names_every_kind_and_example() -> None:
    rows = re.findall(
        r"^\| `(\w+)` .*\(\.\./tests/plugins/(\w+\.py)\)", (ROOT / "docs" / "extend.md").read_text(), re.M
    )
    assert {kind for kind, _ in rows} == set(plugins.REGISTRIES)
    assert {name for _, name in rows} == {path.name for path in ALL}
