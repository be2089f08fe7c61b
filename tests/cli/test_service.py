"""`noria service`, `noria services`, `noria up`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from noria.backend.processes import start_time, this_process
from noria.cli.service.rows import _STYLES
from noria.cli.service.unit import _quoted
from noria.cli.text import STYLES
from noria.core import clock
from noria.core.deployments import DeploymentSpec, ScheduleSpec
from noria.services.daemons import Daemon, Daemons, Standing
from noria.services.keeper import ROLE
from tests.conformance.rows import LEASE

PATIENCE = 60.0


def document(result):
    return json.loads(result.stdout)


@pytest.fixture
def real(tmp_path):
    """Calls the command in a process, with a home of its own; ends all services."""
    home = tmp_path / "家"
    environ = {**os.environ, "NORIA_HOME": str(home), "NO_COLOR": "1"}

    def call(*args):
        return subprocess.run(
            [sys.executable, "-m", "noria", *args],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    yield call
    daemons = Daemons(str(home))
    for each in daemons.all():
        daemons.stop(each.name, 5)


class TestService:
    def test_nothing_was_started(self, noria):
        result = noria("service", "status", tty=True)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "noria service start starts a scheduler and a worker" in result.stderr
        result = noria("service", "stop", "wroker")
        assert result.exit_code == 3
        assert "there is no service wroker" in result.stderr

    def test_what_is_meant_is_guessed(self, noria, tmp_path):
        Daemons(str(tmp_path)).save(Daemon("worker", ["worker", "start"], "/srv"))
        result = noria("service", "logs", "wroker")
        assert "did you mean worker" in result.stderr
        assert "has written nothing" in noria("service", "logs", "worker").stderr
        (found,) = document(noria("service", "status", "--json"))
        assert (found["id"], found["standing"], found["pid"]) == ("worker", "stopped", None)

    def test_a_person_sees_a_table(self, noria, tmp_path):
        Daemons(str(tmp_path)).save(Daemon("worker", ["worker", "start", "--all-pools"], "/srv"))
        result = noria("service", "status", "--color", "always", tty=True)
        assert result.exit_code == 1
        assert "stopped" in result.stdout
        assert "noria worker start --all-pools" in result.stdout

    @pytest.mark.parametrize("standing", Standing)
    def test_each_standing_has_a_style_of_the_terminal(self, standing):
        assert _STYLES.get(standing, "") in STYLES

    def test_one_that_runs_with_other_options_says_so(self, noria, tmp_path, monkeypatch):
        command = ["worker", "start", "--pool", "etl", "--limit", "2", "--name", "worker-etl"]
        running = Daemon("worker-etl", command, "/srv", standing=Standing.RUNNING)
        Daemons(str(tmp_path)).save(running)
        monkeypatch.setattr(Daemons, "is_minded", lambda _self, _name: True)
        asked = ("service", "start", "worker", "--pool", "etl", "--limit")
        assert "worker-etl runs already.\n" in noria(*asked, "2").stderr
        said = noria(*asked, "4").stderr
        assert "worker-etl runs already, with other options; noria service stop worker-etl" in said
        assert "No deployment leaves runs in pool etl yet" in said

    def test_the_last_lines_of_a_log(self, noria, tmp_path):
        daemons = Daemons(str(tmp_path))
        daemons.save(Daemon("worker", ["worker", "start"], "/srv"))
        with open(daemons.path("worker", "log"), "w", encoding="utf-8") as file:
            file.write("一\n二\n三\n")
        assert noria("service", "logs", "worker", "-n", "2").stdout == "二\n三\n"

    @pytest.mark.parametrize("args", [["--pool", "a"], ["scheduler", "--limit", "1"]])
    def test_options_of_a_worker_need_a_worker(self, noria, args):
        result = noria("service", "start", *args)
        assert result.exit_code == 2
        assert "describe one worker" in result.stderr

    def test_a_name_that_no_file_can_have(self, noria):
        result = noria("service", "start", "worker", "--pool", "甲/乙")
        assert result.exit_code == 2
        assert "give it a name with --as" in result.stderr

    def test_from_start_to_stop(self, real):
        started = real("service", "start", "--json")
        assert started.returncode == 0, started.stderr
        found = {each["id"]: each for each in json.loads(started.stdout)}
        assert [each["standing"] for each in found.values()] == ["running", "running"]
        assert set(found) == {"scheduler", "worker"}
        again = real("service", "start", "worker")
        assert (again.returncode, "worker runs already" in again.stderr) == (0, True)
        assert real("service", "status").returncode == 0
        pool = real("service", "start", "worker", "--pool", "批", "--limit", "2", "--json")
        (own,) = json.loads(pool.stdout)
        assert own["command"] == [
            "worker", "start", "--pool", "批", "--limit", "2", "--name", "worker-批",
        ]  # fmt: skip
        (after,) = json.loads(real("service", "restart", "worker-批", "--json").stdout)
        assert (after["standing"], after["command"]) == ("running", own["command"])
        assert after["pid"] != own["pid"]
        assert "Taking runs of 批" in real("service", "logs", "worker-批").stdout
        stopped = json.loads(real("service", "stop", "--json").stdout)
        assert {each["standing"] for each in stopped} == {"stopped"}
        assert real("service", "status").returncode == 1
        assert all(start_time(each["pid"]) is None for each in (*found.values(), after))

    def test_one_that_cannot_start_says_why(self, real):
        result = real("service", "start", "worker", "--as", "w", "--pool", "a/b")
        assert result.returncode == 1
        assert "noria service logs w" in result.stderr


class TestUnit:
    def test_it_is_what_systemd_reads(self, noria, tmp_path):
        text = noria("service", "unit", "worker", "--run-as", "noria").stdout
        assert text.startswith("# /etc/systemd/system/noria-worker.service\n[Unit]\n")
        assert f"ExecStart={sys.executable} -m noria worker start --all-pools\n" in text
        assert "Type=notify\n" in text
        assert "User=noria\n" in text
        assert f'Environment="NORIA_HOME={tmp_path}"\n' in text
        assert (
            "postgresql://"
            not in noria(
                "service", "unit", NORIA_DATABASE_URL="postgresql://me:secret@db/noria"
            ).stdout
        )
        assert all(re.fullmatch(r"(#.*|\[\w+\]|\w+=.*|)", line) for line in text.splitlines())

    def test_of_a_user(self, noria):
        text = noria("service", "unit", "scheduler", "--user-unit").stdout
        assert "User=" not in text
        assert "WantedBy=default.target" in text

    def test_words_are_quoted_as_systemd_reads_them(self):
        assert _quoted("/opt/python3") == "/opt/python3"
        assert _quoted('a b"c\\') == '"a b\\"c\\\\"'
        assert _quoted("100%") == "100%%"

    def test_an_unknown_one(self, noria):
        result = noria("service", "unit", "shceduler")
        assert result.exit_code == 3
        assert "did you mean scheduler" in result.stderr


class TestServices:
    def test_who_leads_is_told(self, noria, store):
        assert "Nobody looks after runs" in noria("services", "ls", tty=True).stderr
        process = this_process(clock.now(), LEASE)
        store.register_process(process)
        store.lead(ROLE, process.id, clock.now())
        result = noria("services", "ls", tty=True)
        assert result.stdout.splitlines()[1].startswith("scheduler")
        assert f"Process {os.getpid()} on {process.host} has led since" in result.stderr
        found = document(noria("services", "ls", "--json"))
        assert [each["id"] for each in found][:2] == ["scheduler", "reaper"]
        assert {each["leader"] for each in found} == {f"{os.getpid()}@{process.host}"}


class TestUp:
    FLOW = "from noria import flow\n@flow\ndef hello(name='世界'):\n    print('你好', name)\n"
    FILE = "deployments:\n- name: often\n  entrypoint: hello.py:hello\n  work_pool: {name: 池}\n"

    def test_all_that_is_needed(self, tmp_path, isolated):
        (tmp_path / "hello.py").write_text(self.FLOW, encoding="utf-8")
        (tmp_path / "noria.yaml").write_text(self.FILE, encoding="utf-8")
        command = [sys.executable, "-m", "noria"]
        with subprocess.Popen(
            [*command, "up", "--deploy"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as up:
            said = []
            for line in up.stdout:
                said.append(line)
                if "noria is up" in line:
                    break
            assert "1 deployment, none is scheduled" in said[-1]
            ran = subprocess.run(
                [*command, "deployment", "run", "hello/often", "--watch"],
                cwd=tmp_path, capture_output=True, text=True, check=False,
            )  # fmt: skip
            up.send_signal(signal.SIGTERM)
            said += up.stdout
        assert ran.returncode == 0, ran.stderr
        assert "你好 世界" in ran.stdout
        assert up.returncode == 0
        assert said[-1] == "SIGTERM: ends\n"

    def test_what_it_says(self, noria, store, monkeypatch):
        monkeypatch.setattr("noria.cli.up.Worker.run", lambda self: self._ready())
        assert "nothing is deployed yet" in noria("up").stderr
        rule = {"kind": "cron", "cron": "0 2 * * *", "timezone": "UTC", "day_or": True}
        spec = DeploymentSpec("f", "d", "f.py:f", schedules=(ScheduleSpec("s", rule),))
        store.apply_deployments([spec], clock.now())
        assert "1 deployment, the next run is due" in noria("up").stderr
        assert "no noria.yaml" in noria("up", "--deploy").stderr
