"""The commands a user types, in process, on the shipped model and the sample photos."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skinscore import __version__
from skinscore.assets.shipped import model_path, sample_photos, sample_questionnaire
from skinscore.cli.main import build_app, main
from skinscore.domain.assessment import Assessment, Outcome
from skinscore.domain.concerns import CONCERNS
from skinscore.domain.suggestion import Confirmation, Status, Suggestion
from skinscore.domain.zones import ZONES
from skinscore.errors import CODES

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def runner() -> CliRunner:
    return CliRunner()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Command":
    return Command(monkeypatch, capsys)


class Command:
    """Runs ``skinscore ...`` as the console script does, exit code included."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["skinscore", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = self._capsys.readouterr()
        return int(exit_.value.code or 0), out, err


@pytest.mark.parametrize(
    "arguments",
    [
        ("score", sample_photos()[0], "--model"),
        ("model", "inspect"),
        ("model", "verify"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]) if arguments[0] == "model" else arguments[0],
)
def test_every_command_looks_a_model_up_in_the_same_way_and_leaves_nothing(
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: tuple[str | Path, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    for model, word in (("models:/x@y", "registry_unknown"), ("nope:/x", "usage")):
        code, out, err = command(*arguments, model)
        assert (code, out) == (2, "")
        assert err.startswith(word)
    assert not list(tmp_path.iterdir())


def test_one_photo_gives_one_document_and_several_give_a_list(command: Command) -> None:
    frontal, right, left = sample_photos()
    code, out, _ = command("score", "--json", frontal)
    assert code == 0
    document = Assessment.parse(out)
    assert tuple(record.zone for record in document.zones) == ZONES
    code, out, _ = command("score", "--json", right, left)
    assert code == 0
    assert [len(row["photos"]) for row in json.loads(out)] == [1, 1]
    code, out, _ = command("score", "--json", "--visit", frontal, right, left)
    assert len(Assessment.parse(out).photos) == 3


def test_a_refused_photo_gives_a_document_and_exit_3(command: Command, tmp_path: Path) -> None:
    broken = tmp_path / "anna_smith.jpg"
    broken.write_bytes(sample_photos()[0].read_bytes()[:20_000])
    code, out, err = command("score", "--json", broken)
    document = Assessment.parse(out)
    assert (code, document.outcome) == (3, Outcome.REFUSED)
    assert document.photos[0].codes == ("truncated",)
    assert "anna" not in out + err


def test_the_table_for_people_names_every_zone_and_what_to_do(command: Command) -> None:
    code, out, _ = command("score", sample_photos()[0])
    assert code == 0
    assert all(zone in out for zone in ZONES)
    assert "not a diagnosis" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["score", "PHOTO", "--zone", "chin"], 2, "px-per-mm", id="half a close-up"),
        pytest.param(["score", "PHOTO", "PHOTO", "--report", "x.html"], 2, "--visit", id="report"),
        pytest.param(["score", "PHOTO", "--gate", "lenient"], 2, "lenient", id="unknown gate"),
        pytest.param(["score"], 2, "PHOTO", id="no photo"),
        pytest.param(["score", "PHOTO", "--model", "PHOTO"], 2, "model_not_onnx", id="no model"),
        pytest.param(["model", "verify", "nowhere.onnx"], 2, "model_missing", id="missing model"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused_before_any_work(
    command: Command, arguments: list[str], code: int, words: str
) -> None:
    photo = str(sample_photos()[0])
    found, out, err = command(*[photo if part == "PHOTO" else part for part in arguments])
    assert (found, out) == (code, "")
    assert words in err


def test_a_report_is_one_file_without_outside_resources(command: Command, tmp_path: Path) -> None:
    report = tmp_path / "visit.html"
    code, _, _ = command("score", *sample_photos(), "--visit", "--report", report)
    assert code == 0
    page = report.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"']https?:", page)
    assert all(concern in page for concern in CONCERNS)
    assert "on photos of people it promises nothing" in page  # the shipped model: rendered skin


def test_a_report_never_overwrites_a_photo_and_is_refused_before_any_work(
    command: Command, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(sample_photos()[0].read_bytes())
    for report in (photo, tmp_path / "nowhere" / "report.html"):
        code, out, _ = command("score", photo, "--json", "--report", report)
        assert (code, out) == (2, "")
    assert photo.read_bytes() == sample_photos()[0].read_bytes()


def test_a_pipe_is_refused_instead_of_waited_for(command: Command, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    code, _, err = command("score", pipe)
    assert code == 2
    assert "regular file" in err


@pytest.mark.parametrize(
    ("kind", "words"),
    [("missing", "does not exist"), ("folder", "regular file"), ("a longer path", "not exist")],
)
def test_a_photo_that_cannot_be_read_is_refused_by_number_never_by_name(
    command: Command, tmp_path: Path, kind: str, words: str
) -> None:
    named = tmp_path / "Jane Doe 1970.jpg"
    if kind == "folder":
        named.mkdir()
    asked = named / "front.jpg" if kind == "a longer path" else named
    code, out, err = command("score", sample_photos()[0], asked)
    assert (code, out) == (2, "")
    assert err.startswith("usage: photo 2 of 2 ")
    assert words in err
    assert not [part for part in ("Jane", "1970", "front", str(tmp_path)) if part in err]


def test_grades_without_a_gate_give_no_depth(command: Command, tmp_path: Path) -> None:
    assessment = tmp_path / "assessment.json"
    _, out, _ = command("score", "--json", "--visit", "--gate", "off", *sample_photos())
    assessment.write_text(out, encoding="utf-8")
    _, out, _ = command("suggest", assessment, "--patient", sample_questionnaire(), "--confirm")
    for zone in Suggestion.parse(out).zones:
        assert zone.status in (Status.WITHHELD, Status.EXCLUDED)
        assert zone.depth_range_mm is None


def test_a_questionnaire_answered_after_the_confirmation_is_refused(
    command: Command, tmp_path: Path
) -> None:
    assessment, patient = tmp_path / "assessment.json", tmp_path / "patient.json"
    _, out, _ = command("score", "--json", sample_photos()[0])
    assessment.write_text(out, encoding="utf-8")
    answers = json.loads(sample_questionnaire().read_text(encoding="utf-8"))
    patient.write_text(json.dumps(answers | {"answered_on": "2099-01-01"}), encoding="utf-8")
    code, out, err = command("suggest", assessment, "--patient", patient, "--confirm")
    assert (code, out) == (2, "")
    assert "answered on 2099-01-01" in err


def test_depths_are_withheld_until_confirmed(command: Command, tmp_path: Path) -> None:
    assessment = tmp_path / "assessment.json"
    _, out, _ = command("score", "--json", "--visit", *sample_photos())
    assessment.write_text(out, encoding="utf-8")
    code, out, _ = command("suggest", assessment, "--patient", sample_questionnaire())
    withheld = Suggestion.parse(out)
    assert code == 0
    assert not any(zone.depth_range_mm for zone in withheld.zones)
    _, out, _ = command("suggest", assessment, "--patient", sample_questionnaire(), "--confirm")
    confirmed = Suggestion.parse(out)
    assert confirmed.zones
    for zone in confirmed.zones:
        if zone.status is Status.SUGGESTED:
            assert zone.depth_range_mm is not None
            assert zone.cap_mm is not None
            assert zone.depth_range_mm[1] <= zone.cap_mm


def test_the_shipped_model_verifies_and_one_changed_byte_does_not(
    command: Command, tmp_path: Path
) -> None:
    code, out, _ = command("model", "verify")
    assert code == 0
    assert "golden self-test passed" in out
    data = bytearray(model_path().read_bytes())
    place = data.rindex(b'"disclaimer"')
    data[place + 20] ^= 1
    changed = tmp_path / "changed.onnx"
    changed.write_bytes(bytes(data))
    code, out, err = command("model", "verify", changed)
    assert (code, out) == (2, "")
    assert err.startswith("contract_digest_mismatch")


def test_inspect_prints_the_contract(command: Command) -> None:
    code, out, _ = command("model", "inspect")
    assert code == 0
    contract = json.loads(out)
    assert contract["schema"] == "skinscore.contract/1"
    assert "not validated against graders" in contract["intended_use"]["disclaimer"]


def test_doctor_says_all_that_a_bug_report_needs(command: Command) -> None:
    code, out, _ = command("doctor")
    assert code == 0
    for word in (__version__, "onnxruntime", "cpu:", "face models: present", "self-test: passed"):
        assert word in out


def test_doctor_exits_1_when_the_installation_is_unfit(command: Command, tmp_path: Path) -> None:
    code, out, _ = command("doctor", "--model", tmp_path / "none.onnx")
    assert code == 1
    assert "model_missing" in out


def test_missing_face_models_name_the_command_that_brings_them(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKINSCORE_FACE_MODELS", str(tmp_path))
    code, _, err = command("score", sample_photos()[0])
    assert code == 2
    assert "skinscore model pull-face" in err


def test_every_command_teaches_by_help(runner: CliRunner) -> None:
    app = build_app()
    for path in ([], ["score"], ["suggest"], ["batch"], ["model"], ["serve"], ["train"]):
        shown = runner.invoke(app, [*path, "--help"])
        assert shown.exit_code == 0, path
        assert "Usage" in shown.output


def test_an_unknown_failure_prints_its_type_only(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skinscore.grading.grader import Grader

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("anna_smith.jpg")

    monkeypatch.setattr(Grader, "load", broken)
    code, _, err = command("score", sample_photos()[0])
    assert code == 1
    assert "RuntimeError" in err
    assert "anna" not in err


def test_every_code_of_the_table_is_raised_somewhere() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("src", "training", "serving")
        for path in (REPOSITORY / folder).rglob("*.py")
        if path.name != "errors.py"
    )
    assert [code for code in CODES if f'"{code}"' not in source] == []


def test_one_photo_from_a_cold_start_stays_below_400_megabytes() -> None:
    # The child reads its own peak: what wait() reports would count this process from before exec.
    code = (
        "import sys; from pathlib import Path\n"
        "from skinscore.cli.__main__ import main\n"
        "try: main()\n"
        "finally: print(Path('/proc/self/status').read_text(), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "score", "--json", str(sample_photos()[0])],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert Assessment.parse(done.stdout).outcome is Outcome.GRADED
    peak_kb = int(re.findall(r"VmHWM:\s+(\d+) kB", done.stderr)[0])
    assert peak_kb < 400 * 1024


@pytest.mark.slow
def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    lines = commands(readme)
    assert len(lines) >= 5
    (tmp_path / "build").mkdir()
    (tmp_path / "src").symlink_to(REPOSITORY / "src")
    assert "make demo" in readme, "a door opens on what the demo writes"
    demo = [sys.executable, "-m", "skinscore.cli.demo", "build/demo"]
    subprocess.run(demo, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    for line in lines:
        run(line, tmp_path)


def test_the_way_from_photos_to_a_suggestion_is_as_its_page_says(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "how-to" / "get-a-suggestion.md").read_text(encoding="utf-8")
    for view, photo in zip(("frontal", "right", "left"), sample_photos(), strict=True):
        (tmp_path / f"{view}.jpg").write_bytes(photo.read_bytes())
    lines = commands(page)
    assert len(lines) == 5
    said = [run(line, tmp_path) for line in lines]
    (shown,) = re.findall(r"```\n( +unanswered: .*?)\n```", page)
    assert shown in said[3].splitlines()
    made = Suggestion.parse((tmp_path / "suggestion.json").read_text(encoding="utf-8"))
    assert made.confirmation is not None
    assert (tmp_path / "patient.html").exists()
    assert (tmp_path / "clinician.html").exists()
    (confirmation,) = re.findall(r"```json\n(.*?)```", page, re.S)
    word = Confirmation.parse(confirmation.replace("asm_...", made.assessment))
    assert [row.grade for row in word.grades] == [3]


def test_the_way_to_a_record_system_is_as_its_page_says(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "how-to" / "write-to-a-record-system.md").read_text("utf-8")
    (tmp_path / "frontal.jpg").write_bytes(sample_photos()[0].read_bytes())
    scored, told, confirmed = commands(page)
    run(scored, tmp_path)
    run(told, tmp_path)
    visit = Assessment.parse((tmp_path / "visit.json").read_bytes())
    word = Confirmation(
        schema="skinscore.confirmation/1",
        assessment=visit.id,
        confirmed_by="Dr A",
        confirmed_at=visit.created_at,
        grades=(),
    )
    (tmp_path / "confirmation.json").write_text(word.to_json(), "utf-8")
    run(confirmed, tmp_path)
    texts = [(tmp_path / name).read_text("utf-8") for name in ("bundle.json", "final.json")]
    assert ['"status": "final"' in text for text in texts] == [False, True]
    assert texts[0].count('"fullUrl"') == texts[1].count('"fullUrl"') == 2 + len(CONCERNS)


def commands(page: str) -> list[str]:
    """Return every command of a page's sh blocks, continued lines joined."""
    blocks = re.findall(r"```sh\n(.*?)```", page, re.S)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def run(line: str, folder: Path) -> str:
    """Run one command as a user of ``folder`` would; return what it says on stderr."""
    assert line.startswith("skinscore "), "doors open with the one command"
    done = subprocess.run(
        ["bash", "-c", f"{shlex.quote(str(Path(sys.executable).parent))}/{line}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stderr
