"""Bad command lines end with a sentence, a next step and an exit code; never with a trace."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from pathlib import Path
from typing import Any, cast, get_type_hints

import pytest

from wizard import frontends
from wizard.cli import help as cli_help
from wizard.cli import parser
from wizard.cli.arguments.home import HomeArguments
from wizard.cli.arguments.install import InstallArguments
from wizard.cli.parser import Terminal
from wizard.cli.table import COMMANDS, Command
from wizard.core.errors import Problem

TTY = Terminal(True, True, 80, 24, "xterm")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("instal", '"instal" is not a command. Did you mean install?'),
        ("dance", '"dance" is not a command.'),
        ("install --bogus", "Unrecognized arguments: --bogus."),
        ("install --preset", "--preset: expected one argument"),
        ("install a b c", '"c" is one word too many.'),
        ("status a b", '"b" is one word too many.'),
        ("completion", "The shell is not named."),
        ("completion tcsh", '"tcsh" is not a shell that can be completed.'),
        ("sandbox status --bogus", "Unrecognized arguments: --bogus."),
        ("--bogus install", "Unrecognized arguments: --bogus."),
        ("--contxt prod install", "Unrecognized arguments: --contxt."),
        ("--context x instal", '"instal" is not a command. Did you mean install?'),
        ("values a", "Unrecognized arguments: a."),
        ("logs --tail many", "invalid int value: 'many'"),
        ("install --output xml", "invalid choice: 'xml'"),
        ("install --pre dev", "Unrecognized arguments: --pre"),
        ("install one --release two --yes", 'The release is named twice: "one" and "two".'),
        ("install --preset dev", "Nothing was changed: without a terminal to ask on, --yes is needed."),
        ("values --preset big --yes", '"big" is not a preset. Choose one of dev, staging, prod.'),
        ("values --answer host --yes", '--answer "host" is not of the form --answer host=api.example.com.'),
        ("values --answer hots=a.b --yes", 'There is no question "hots". Did you mean host?'),
        ("values --preset dev --answer image=a/b:c --answer replicas=none --yes", 'Replicas "none" is not a whole number.'),
        ("values --preset dev --answer image=a/b:c --answer cpu=lots --yes", 'CPU request "lots" is not a quantity'),
        ("values --preset dev --answer image=a/b:c --answer expose=ingress --answer host=http://x --yes", "only the host name is wanted"),
        ("values --preset dev --answer image=a/b:c --answer database=none --yes", '"none" is not a choice for Database'),
        ("values --preset dev --yes", "The application image is not named"),
        ("values --set replicaCount --yes", '--set: key "replicaCount" has no value.'),
        ("values --set a=one,two --yes", r"Write a comma inside a value as \, as in --set 'a=one\,two'."),
        ("values --set-json a=text --yes", "--set-json: not JSON"),
        ("values --set-json jwt={\"secret\":\"abc\"} --yes", "Give it as --secret-file jwt=PATH"),
        ('values -f a"b --yes', '-f a"b is not a list of files.'),
        ("values --set jwt.secret=abc --yes", "would store a secret in the values file"),
        ("values --set-string redis.auth.password=abc --yes", "Give it as --secret-file redis=PATH"),
        ("values --set-file jwt.secret=./x --yes", "Give it as --secret-file jwt=PATH"),
        ("values --set-file a=./missing --yes", "./missing cannot be read"),
        ("values --secret-file admin=./x --yes", 'there is no secret "admin"'),
        ("values --secret-file jwt --yes", "is not of the form --secret-file jwt=./jwt-secret.txt"),
        ("values --preset dev --answer image=a/b:c --secret-file jwt=./missing --yes", "./missing cannot be read"),
        ("values -f ./missing.yaml --yes", "./missing.yaml cannot be read"),
        ("values --chart ./missing --yes", "There is no chart at ./missing."),
        ("values --chart . --yes", ". is not a chart: it holds no Chart.yaml."),
        ("check --yes", "There is no kubeconfig"),
        ("status", "There is no kubeconfig"),
        ("logs", "There is no kubeconfig"),
        ("install --yes --preset dev", "There is no kubeconfig"),
        ("rollback 3 --revision 4 --yes", "The revision is named twice: 3 and 4."),
        ("install --yes --timeout soon", '"soon" is not a time'),
        ("runs nope", "There is no run nope here."),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_with_a_next_step_and_exit_2(
    line: str, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if "--timeout" in line:
        kubeconfig(tmp_path, monkeypatch)

    code = parser.main(line.split())

    said = capsys.readouterr()
    assert code == 2
    assert says in " ".join(said.err.split("\n")).replace("next:  ", "")
    assert "Traceback" not in said.err + said.out
    assert said.err.startswith("error: ")
    assert re.search(r"^next:  \S", said.err, re.MULTILINE)
    assert said.out == ""


def kubeconfig(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = {
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }  # fmt: skip
    (folder / "config").write_text(json.dumps(text))
    monkeypatch.setenv("KUBECONFIG", str(folder / "config"))


def test_an_unknown_context_names_the_known_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubeconfig(tmp_path, monkeypatch)

    for line in ("check --context nope --yes", "install --context nope --yes", "status --context nope"):
        assert parser.main(line.split()) == 2
        said = capsys.readouterr().err
        assert 'There is no context "nope" in the kubeconfig.' in said
        assert "Choose one with --context: here." in said


@pytest.mark.parametrize("text", ["a: [", "just words", "- a\n- b", "a: b: c"])
def test_a_malformed_values_file_is_named(text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)

    assert parser.main(["values", "-f", str(file), "--yes", "--write", str(tmp_path / "out.yaml")]) == 2

    assert str(file) in capsys.readouterr().err
    assert not (tmp_path / "out.yaml").exists()


@pytest.mark.parametrize(("content", "says"), [("", "is empty"), ("\n", "is empty"), ("  \n", "is empty")])
def test_an_empty_secret_file_is_refused_before_anything_is_written(
    content: str, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "jwt").write_text(content)
    out = tmp_path / "out.yaml"
    answers = ["--preset", "dev", "--answer", "image=a/b:c", "--secret-file", f"jwt={tmp_path / 'jwt'}", "--yes"]

    assert parser.main(["values", *answers, "--write", str(out)]) == 2

    assert says in capsys.readouterr().err
    assert not out.exists()


def test_json_is_printed_on_failure_too(capsys: pytest.CaptureFixture[str]) -> None:
    for line in ("nonsense --output json", "--output=json nonsense", "install -o json --bogus", "status -ojson"):
        assert parser.main(line.split()) == 2
        said = json.loads(capsys.readouterr().out)
        assert said["exit"] == 2
        assert said["problem"]["what"]


def test_jsonl_ends_with_run_finished_on_failure_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert parser.main(["install", "--yes", "--output", "jsonl"]) == 2

    (line,) = capsys.readouterr().out.splitlines()
    event = json.loads(line)
    assert event["type"] == "run.finished"
    assert event["data"]["code"] == 2
    assert "kubeconfig" in event["data"]["reason"]


def test_no_command_and_no_terminal_is_help_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert parser.main([]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert "commands:" in said.err


def test_version_and_help_are_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert parser.main(["--version"]) == 0
    assert re.fullmatch(r"llm-cost-ops-wizard \d+\.\d+\.\d+\n", capsys.readouterr().out)
    assert parser.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "sandbox"])
def test_the_help_of_a_command_shows_examples_that_parse(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert parser.main([command, "--help"]) == 0

    text = capsys.readouterr().out.split("example:")[1]
    examples = re.findall(rf"^  .*?{re.escape(cli_help.program())} ([^)|\n]+)", text, re.MULTILINE)
    assert examples
    for example in examples:
        assert parser.read(example.split()).command == command


@pytest.mark.parametrize(
    ("before", "same"),
    [
        ("--context x -ndev --yes install -o json", "install --context x -n dev --yes -o json"),
        ("--release=r --set a=1 values --set b=2", "values --release r --set a=1 --set b=2"),
        ("--set-string a=-1 --preset dev upgrade r -i", "upgrade r --set-string=a=-1 --preset dev -i"),
        ("--follow --tail 3 logs", "logs --follow --tail 3"),
        ("--dry-run=client --atomic install r", "install r --dry-run --rollback-on-failure"),
        ("--delete a/b --delete c/d uninstall --leftovers", "uninstall --leftovers --delete a/b --delete c/d"),
    ],
)
def test_options_may_stand_before_the_command(before: str, same: str) -> None:
    assert parser.read(before.split()) == parser.read(same.split())


def test_the_value_of_an_option_is_no_command() -> None:
    assert parser.read(["--context", "install"]) == HomeArguments(context="install")


@pytest.mark.parametrize("line", ["--follow install", "--version install", "--install=x install", "install --follow"])
def test_an_option_of_another_command_is_refused_on_either_side(line: str) -> None:
    with pytest.raises(Problem):
        parser.read(line.split())


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("--help", "usage: .* [COMMAND] [OPTIONS]"), ("--plain -h", "usage: .* [COMMAND] [OPTIONS]"),
        ("-h install", "usage: .* install [RELEASE [CHART]] [OPTIONS]"), ("sandbox up --help", "usage: .* sandbox up.*"),
    ],
)  # fmt: skip
def test_help_is_of_what_is_named(line: str, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert parser.main(line.split()) == 0
    assert re.fullmatch(first.replace("[", r"\[").replace("]", r"\]"), capsys.readouterr().out.split("\n")[0])


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_the_function_of_a_command_takes_its_own_arguments(command: Command) -> None:
    kind, function = command.arguments_type(), command.function()
    named = list(inspect.signature(function).parameters)

    assert issubclass(kind, get_type_hints(function)["arguments"])
    assert named == ["arguments", *(["session", "out"] if command.session else []), *["called"] * command.called]
    assert bool(command.words) == ("words" in {field.name for field in dataclasses.fields(kind)})
    assert inspect.iscoroutinefunction(function) == command.session


def test_helms_own_lines_parse() -> None:
    line = "llm-cost-ops ./helm/llm-cost-ops --namespace a --create-namespace --values v.yaml --set x.y=1 --wait --timeout 10m"
    said = parser.read(["install", *line.split(), "--dry-run=client", "--debug"])

    assert isinstance(said, InstallArguments)
    assert said.words == ("llm-cost-ops", "./helm/llm-cost-ops")
    assert said.options().chart == "./helm/llm-cost-ops"
    assert said.dry_run
    assert said.sets == (("--set", "x.y=1"),)


@pytest.mark.parametrize(
    ("line", "screen"),
    [
        ("", True), ("install", True), ("upgrade x", True), ("runs ab12", True), ("--context x", True),
        ("runs", False), ("values", False), ("check", False), ("status", False), ("logs", False),
        ("install --plain", False), ("install --yes", False), ("install --output text", False), ("install --dry-run", False),
        ("runs ab12 --plain", False),
        ("rollback", True), ("rollback 3", True), ("uninstall x", True), ("diagnose", True), ("diagnose -o json", False),
        ("uninstall --leftovers", False), ("uninstall --keep-history", False), ("uninstall --delete-namespace", False),
    ],
)  # fmt: skip
def test_which_face_answers_on_a_terminal(line: str, screen: bool) -> None:
    assert parser.wants_screen(parser.read(line.split()), TTY) is screen


@pytest.mark.parametrize("line", ["rollback 3", "rollback --revision 3", "rollback 3 --revision 3"])
def test_the_screen_of_a_rollback_begins_with_the_revision_that_was_named(line: str) -> None:
    assert frontends._start(parser.read(line.split()), cast("Any", None)).revision == 3


@pytest.mark.parametrize(
    "terminal",
    [
        Terminal(False, True, 80, 24, "xterm"), Terminal(True, False, 80, 24, "xterm"), Terminal(True, True, 80, 24, "dumb"),
        Terminal(True, True, 79, 24, "xterm"), Terminal(True, True, 80, 23, "xterm"),
    ],
)  # fmt: skip
def test_a_pipe_a_dumb_or_a_small_terminal_gets_lines(terminal: Terminal) -> None:
    assert not parser.wants_screen(parser.read(["install"]), terminal)


def broken(*_: object) -> int:
    password = "hunter2-in-a-local"
    raise RuntimeError("postgres://me:s3cret@db/x" if password else "")


def test_an_unexpected_error_is_a_sentence_and_a_private_report(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontends, "command_line", broken)

    assert parser.main(["status"]) == 1

    said = capsys.readouterr()
    assert "Something unexpected happened: RuntimeError" in said.err
    assert "Traceback" not in said.err
    (report,) = (tmp_path / "state" / "llm-cost-ops-wizard" / "crashes").iterdir()
    assert report.stat().st_mode & 0o777 == 0o600
    assert "Traceback" in report.read_text()
    assert "s3cret" not in report.read_text()
    assert "s3cret" not in said.err
    assert "hunter2" not in report.read_text()


def test_debug_shows_the_trace(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontends, "command_line", broken)

    assert parser.main(["status", "--debug"]) == 1

    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["", *(name for name in COMMANDS if name != "sandbox")])
def test_a_bare_command_means_what_the_parser_would_make_of_it(line: str) -> None:
    read = parser.read(line.split())

    assert parser.read([*line.split(), "--plain"]) == dataclasses.replace(read, plain=True)
