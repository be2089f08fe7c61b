"""The edge: help, unknown words, errors of all kinds and their exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from noria import __version__
from noria.cli.app import App
from noria.cli.errors import CliError, Code, Exit, explain
from noria.cli.lazy import LazyGroup
from noria.cli.main import cli
from noria.core import errors as core
from tests.cli.rows import batch, flow_run

DOCS = Path(__file__).parents[2] / "docs"


def commands(group=cli, path=("noria",)):
    """Every command with its path, groups included."""
    yield path, group
    if isinstance(group, LazyGroup):
        for name in group.table:
            context = click.Context(group)
            yield from commands(group.get_command(context, name), (*path, name))


ALL = [pytest.param(path, command, id=" ".join(path)) for path, command in commands()]


@pytest.mark.parametrize(("path", "command"), ALL)
def test_every_command_explains_itself(noria, path, command):
    result = noria(*path[1:], "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: {' '.join(path)}")
    assert command.help


@pytest.mark.parametrize(("path", "command"), ALL)
def test_every_command_takes_the_shared_options(path, command):
    options = {name for param in command.params for name in param.opts}
    assert options >= {"--debug", "--utc", "--color"}


def test_the_help_of_a_table_is_that_of_its_command():
    for path, group in commands():
        if isinstance(group, LazyGroup):
            for name, entry in group.table.items():
                command = group.get_command(click.Context(group), name)
                assert command is not None
                assert command.get_short_help_str(200) == entry.help, (path, name)


def test_no_command_is_help_on_stderr_and_wrong_usage(noria):
    for group in ((), ("runs",), ("db",)):
        result = noria(*group)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("Usage: noria")
        assert "Commands:" in result.stderr


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["rns"],
            [
                "error[N001]: noria has no command rns",
                "  did you mean runs?",
                "  see noria --help",
            ],
        ),
        (
            ["resume"],
            [
                "error[N001]: noria has no command resume",
                "  did you mean runs resume, deployment resume, pool resume, queue resume or "
                "schedule resume?",
                "  see noria --help",
            ],
        ),
        (
            ["runs", "shwo"],
            [
                "error[N001]: noria runs has no command shwo",
                "  did you mean show?",
                "  see noria runs --help",
            ],
        ),
        (
            ["runs", "ls", "--sttae", "failed"],
            [
                "error[N002]: noria runs ls has no option --sttae",
                "  did you mean --state?",
                "  see noria runs ls --help",
            ],
        ),
        (
            ["runs", "show"],
            ["error[N002]: Missing argument 'RUN'", "  see noria runs show --help"],
        ),
    ],
)
def test_a_misspelt_word_is_answered_with_the_near_one(noria, words, lines):
    result = noria(*words)
    assert result.stderr.splitlines() == lines
    assert result.exit_code == 2
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("error", "label", "exit_code"),
    [
        (core.MissingFlowError("No flow."), "N014", 3),
        (core.UnspecifiedFlowError("Several."), "N015", 2),
        (core.ParameterTypeError("No int."), "N003", 2),
        (core.ConfigurationError("NORIA_X is y; expected z."), "N005", 2),
        (core.StoreError("The store is newer."), "N030", 4),
        (core.ScriptError(ValueError("x"), "a.py"), "N016", 1),
        (core.CancelledRun("The run was cancelled."), "N041", 8),
        (core.SerializationError("No."), "N040", 1),
    ],
)
def test_errors_of_the_layers_below_have_codes(error, label, exit_code):
    found = explain(error)
    assert found is not None
    assert (found.code.label, found.code.exit) == (label, exit_code)


def test_sentences_of_a_message_become_lines():
    error = core.StoreError("The store /x/noria.db is newer. Found schema 9. Upgrade noria.")
    found = explain(error)
    assert found is not None
    assert found.lines() == [
        "error[N030]: The store /x/noria.db is newer",
        "  Found schema 9.",
        "  Upgrade noria.",
    ]


def test_what_nobody_foresaw_is_not_explained():
    assert explain(ZeroDivisionError()) is None


def test_codes_are_unique():
    assert len({code.label for code in Code}) == len(Code)


@pytest.fixture
def broken(store, monkeypatch):
    def fail(where):
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(store, "flow_runs", fail)


@pytest.mark.usefixtures("broken")
class TestBug:
    def test_it_leaves_a_crash_file_and_no_traceback(self, noria, tmp_path, monkeypatch):
        monkeypatch.setattr(sys, "argv", ["noria", "run", "f.py", "-p", "password=secret"])
        result = noria("runs", "ls")
        assert result.exit_code == 70
        first, second, _ = result.stderr.splitlines()
        assert first == "error[N070]: a bug in noria: ZeroDivisionError: no such luck"
        (file,) = (tmp_path / "crash").iterdir()
        assert second == f"  the details are in {file}"
        text = file.read_text(encoding="utf-8")
        assert "Traceback" in text
        assert "password=..." in text
        assert "secret" not in text

    def test_debug_shows_where(self, noria):
        assert "Traceback" in noria("runs", "ls", "--debug").stderr
        assert "Traceback" in noria("--debug", "runs", "ls").stderr

    def test_a_home_that_cannot_be_written_hides_no_bug(self, noria, tmp_path, monkeypatch):
        (tmp_path / "crash").write_text("in the way")
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)
        result = noria("runs", "ls")
        assert result.exit_code == 70
        assert str(tmp_path / "noria-crash") in result.stderr


def test_a_setting_that_cannot_be_used_is_named(store):
    app = App({"NORIA_LOG_FORMAT": "pretty"})
    result = CliRunner().invoke(cli, ["runs", "ls"], obj=app)
    assert result.exit_code == 2
    assert result.stderr.startswith("error[N005]: NORIA_LOG_FORMAT is 'pretty'")


def test_a_reader_that_went_away_is_no_error(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", "from noria.cli.main import main; main()", "version"],
        env={"NORIA_HOME": str(tmp_path)},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_terminal_that_knows_ascii_only_still_gets_signs(store):
    store.append(batch(flow_run(name="名")))
    result = CliRunner(charset="ascii").invoke(
        cli, ["runs", "ls", "-o", "table"], obj=App({"NO_COLOR": "1"}, store)
    )
    assert "+ Completed  \\u540d" in result.stdout


def test_an_interrupt_is_130(noria, store, monkeypatch):
    def interrupted(where):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "flow_runs", interrupted)
    assert noria("runs", "ls").exit_code == 130


class TestVersion:
    def test_option_and_command_agree(self, noria):
        assert noria("--version").stdout == f"noria {__version__}\n"
        assert json.loads(noria("version", "--json").stdout)["noria"] == __version__

    def test_a_terminal_gets_lines(self, noria):
        assert noria("version", tty=True).stdout.startswith(f"noria     {__version__}\n")


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_each_shell_gets_a_script(self, noria, shell):
        result = noria("completion", shell)
        assert result.exit_code == 0
        assert "_NORIA_COMPLETE" in result.stdout

    def complete(self, words, store, tmp_path):
        environ = {
            "_NORIA_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": str(len(words) - 1),
        }
        app = App({"NORIA_HOME": str(tmp_path)}, store)
        result = CliRunner().invoke(cli, [], env=environ, obj=app)
        return [line.partition(",")[2] for line in result.stdout.splitlines() if line]

    def test_commands_and_options(self, store, tmp_path):
        assert self.complete(["noria", "runs", "re"], store, tmp_path) == ["resume", "reject"]
        assert "--state" in self.complete(["noria", "runs", "ls", "--s"], store, tmp_path)

    def test_runs_by_name_and_by_id(self, store, tmp_path):
        store.append(batch(flow_run(1), flow_run(2, name="quiet-fox")))
        words = ["noria", "runs", "show"]
        assert self.complete([*words, "qu"], store, tmp_path) == ["quiet-fox"]
        assert self.complete([*words, "01a1ee56-6"], store, tmp_path) == [
            "01a1ee56-65d0",
            "01a1ee56-61e8",
        ]
        assert self.complete([*words, "@"], store, tmp_path) == ["@last"]

    def test_no_store_is_made_and_nothing_is_said(self, tmp_path):
        assert self.complete(["noria", "runs", "show", "x"], None, tmp_path) == []
        assert list(tmp_path.iterdir()) == []

    def test_a_setting_that_cannot_be_used_says_nothing_either(self, tmp_path, monkeypatch):
        environ = {
            "_NORIA_COMPLETE": "bash_complete",
            "COMP_WORDS": "noria runs show x",
            "COMP_CWORD": "3",
        }
        app = App({"NORIA_LOG_FORMAT": "pretty"})
        result = CliRunner().invoke(cli, [], env=environ, obj=app)
        assert (result.stdout.strip(), result.stderr) == ("", "")


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], ["rich", "pydantic", "asyncio", "sqlite3", "logging"]),
        (["runs", "ls"], ["rich", "pydantic", "asyncio", "cloudpickle", "concurrent.futures"]),
    ],
)
def test_what_a_quick_command_does_not_load(arguments, heavy, tmp_path):
    program = (
        "import sys; from noria.cli.main import main\n"
        "try: main()\n"
        f"except SystemExit: print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={"NORIA_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("page", ["cli.md", "cli.zh-CN.md"])
class TestDocs:
    def test_every_error_code_and_exit_code_stands_there(self, page):
        text = (DOCS / page).read_text(encoding="utf-8")
        rows = dict(re.findall(r"^\| `(N\d{3})` \| (\d+) \|", text, re.MULTILINE))
        assert rows == {code.label: str(int(code.exit)) for code in Code}
        exits = set(re.findall(r"^\| `(\d+)` \|", text, re.MULTILINE))
        assert exits == {str(int(code)) for code in Exit}

    def test_every_command_stands_there(self, page):
        text = (DOCS / page).read_text(encoding="utf-8")
        for path, command in commands():
            if not isinstance(command, LazyGroup):
                assert f"`{' '.join(path)}" in text, path
            for param in command.params:
                for name in param.opts:
                    if name.startswith("--"):
                        assert name in text, (path, name)


def test_an_error_may_carry_what_the_user_has_to_see_first():
    error = CliError(Code.SCRIPT_RAISED, "a.py raised", detail="Traceback")
    assert error.detail == "Traceback"
    assert error.lines() == ["error[N016]: a.py raised"]
