"""Secrets planted wherever a flow can leave traces; then all that was written is searched."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from noria import flow, get_run_logger, task
from noria.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
)
from noria.blocks.system import Secret
from noria.core.errors import EncryptionError
from noria.core.records import FlowRunRow
from noria.core.redaction import redactor
from noria.engine import session as sessions
from noria.engine.flow_calls import arguments_of
from noria.engine.session import open_session
from noria.privacy import register_secret
from noria.runs import resume
from noria.states import Completed, Failed
from noria.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

CANARY = 'canary-7x/9+Qz?é"w'
OTHER = "0ther-c4n4ry"
LINES = "-----first-line\nsecond-line-of-it"


def traces(secret: str) -> Iterator[bytes]:
    """What must not be found anywhere, worked out apart from what masks it."""
    data = secret.encode()
    yield data
    yield json.dumps(secret)[1:-1].encode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    yield quote(secret, safe="").encode()
    yield quote_plus(secret).encode()
    yield data.hex().encode()
    # An end of it would be enough to try the rest.
    yield data[:8]
    yield data[-8:]
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + data)
        yield whole[4:-4]
        yield base64.urlsafe_b64encode(b"\0" * before + data)[4:-4]


TRACES = {trace for secret in (CANARY, OTHER) for trace in traces(secret)} | {
    b"first-line",
    b"second-line-of-it",
}


def found_in(data: bytes) -> list[bytes]:
    return [data[max(0, data.find(trace) - 40) :][:120] for trace in TRACES if trace in data]


def written(home: Path) -> bytes:
    """Everything under the home, once all is written."""
    session = open_session()
    assert session.journal.flush()
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    return b"".join(path.read_bytes() for path in files)


def plant(secret: str) -> None:
    """Say it in every way."""
    logger = get_run_logger()
    logger.info("raw %s", secret)
    logger.info("%s%s", secret[:5], secret[5:])
    logger.info("%r %s", [secret], {"k": secret}, extra={"field": secret, secret: {"k": [secret]}})
    logger.info(json.dumps({"a": json.dumps({"b": secret})}))
    logger.info("https://example.com/?q=%s&r=%s", quote(secret, safe=""), quote_plus(secret))
    for before in range(3):
        logger.info(base64.b64encode(b"\0" * before + secret.encode()).decode())
        logger.info(base64.urlsafe_b64encode(b"\0" * before + secret.encode() + b"!!").decode())
    logger.info(secret.encode().hex())
    logger.info("%s", secret.encode())
    print("printed", secret, [secret])  # noqa: T201 - what is tested
    try:
        try:
            raise KeyError(secret)
        except KeyError as cause:
            raise RuntimeError(f"during {secret}") from cause
    except RuntimeError:
        logger.exception("caught %s", secret)


def show(secret: str) -> None:
    """Put it into artifacts."""
    create_table_artifact(table=[{"who": "ada", secret: secret}], key="t", description=secret)
    create_markdown_artifact("x" * 4090 + secret + f"\n# {secret}", key="m")
    create_link_artifact(f"https://example.com/{quote(secret, safe='')}", link_text=secret)
    create_progress_artifact(1.0, description=secret)


class OddError(Exception):
    """Has its secret in fields and notes too."""


def fail(secret: str) -> None:
    error = OddError("x" * 1995 + secret, {"k": secret})
    error.add_note(secret)
    raise ExceptionGroup(secret, [error, ValueError(secret)]) from KeyError(secret)


@task(task_run_name="named-{secret}", tags=["tag"])
def works(secret, padded, nested):
    plant(secret)
    show(secret)
    return len(secret)


@task(retries=1)
def fails(secret):
    fail(secret)


@task
def ends_with(secret):
    return Failed(message=f"failed with {secret}")


@task(persist_result=True, cache_key_fn=lambda context, parameters: parameters["secret"])
def cached(secret):
    return len(secret)


@flow(log_prints=True, flow_run_name="run-{secret}", validate_parameters=False)
def plants(secret, nested=None):
    loaded = Secret.load("canary").get()
    register_secret(OTHER, LINES)
    assert loaded == secret
    for each in (secret, OTHER, LINES):
        works(each, "x" * 110 + each, {"k": [each], "l": ("x" * 55 + each,)})
    works.map([secret], "y" * 118 + secret, [{secret: 1}]).wait()
    fails(secret, return_state=True)
    ends_with(secret, return_state=True)
    assert cached(secret) == cached(secret)
    inner(secret)
    plant(secret)
    return Completed(message=f"done with {secret}")


@flow
def inner(secret):
    return len(secret)


@flow(log_prints=True)
def fails_whole(secret):
    Secret.load("canary").get()
    fail(secret)


@pytest.fixture(autouse=True)
def _saved(isolated: Path) -> None:
    Secret(value=CANARY).save("canary")


@pytest.mark.parametrize("form", ["plain", "rich", "json"])
def test_nothing_that_a_flow_leaves_has_a_secret_in_it(form, isolated, monkeypatch, capfd):
    monkeypatch.setenv("NORIA_LOG_FORMAT", form)
    state = plants(CANARY, nested=[CANARY, {"k": "z" * 115 + CANARY}], return_state=True)
    assert state.is_completed()
    failed = fails_whole(CANARY, return_state=True)
    assert failed.is_failed()
    held = written(isolated)
    assert b"********" in held
    assert found_in(held) == []
    sessions._current.close()
    out, err = capfd.readouterr()
    assert "********" in err
    assert found_in(out.encode() + err.encode()) == []


def test_what_people_need_is_still_there(isolated):
    plants(CANARY, return_state=True)
    written(isolated)
    backend = open_session().backend
    (run,) = backend.find_flow_runs("@last")
    assert run.name == "run-********"
    assert run.message == "done with ********"
    assert json.loads(run.parameters)["secret"] == "'********'"
    lines = [row.message for _, row in backend.logs(run.id, limit=1000)]
    assert "raw ********" in lines
    assert "printed ******** ['********']" in lines
    names = {row.name for row in backend.task_runs(run.id)}
    assert "named-********" in names


def test_async_flows_are_searched_too(isolated, capfd, monkeypatch):
    monkeypatch.setenv("NORIA_LOG_FORMAT", "plain")

    @task
    async def says(secret):
        plant(secret)
        fail(secret)

    @flow(log_prints=True, task_runner=ThreadPoolTaskRunner(max_workers=2))
    async def runs():
        secret = (await Secret.load("canary")).get()
        future = says.submit(secret)
        future.wait()
        return Completed()

    asyncio.run(runs(return_state=True))
    assert found_in(written(isolated)) == []
    sessions._current.close()
    out, err = capfd.readouterr()
    assert found_in(out.encode() + err.encode()) == []


@task
def loads_there():
    """The process of the flow has never seen the secret."""
    secret = Secret.load("canary").get()
    plant(secret)
    fail(secret)


def test_a_secret_that_only_a_child_process_loads_is_masked(isolated, capfd, monkeypatch):
    redactor.clear()
    monkeypatch.setenv("NORIA_LOG_FORMAT", "plain")

    @flow(log_prints=True, task_runner=ProcessPoolTaskRunner(max_workers=1))
    def runs():
        loads_there.submit().wait()
        return Completed()

    runs(return_state=True)
    assert redactor.active
    assert found_in(written(isolated)) == []
    sessions._current.close()
    out, err = capfd.readouterr()
    assert "********" in err
    assert found_in(out.encode() + err.encode()) == []


def test_loggers_that_join_the_run_are_masked(isolated, monkeypatch):
    monkeypatch.setenv("NORIA_LOGGING_EXTRA_LOGGERS", "canaries")

    @flow
    def runs():
        secret = Secret.load("canary").get()
        logging.getLogger("canaries").warning("raw %s", secret, extra={"k": secret})
        return Completed()

    runs(return_state=True)
    held = written(isolated)
    assert b"raw ********" in held
    assert found_in(held) == []


class TestArguments:
    def row(self) -> FlowRunRow:
        inner(CANARY)
        open_session().journal.flush()
        (row,) = open_session().backend.find_flow_runs("@last")
        return row

    def test_they_are_kept_encrypted_and_a_resume_has_them(self, isolated):
        calls = []

        @flow
        def once_broken(secret):
            calls.append(secret)
            if len(calls) == 1:
                raise ValueError("broken")
            return len(secret)

        state = once_broken(CANARY, return_state=True)
        assert found_in(written(isolated)) == []
        run_id = state.state_details.flow_run_id
        row = open_session().backend.flow_run(run_id.bytes)
        assert row.arguments.startswith(b"noria-sealed:")
        assert resume(run_id, flow=once_broken).result() == len(CANARY)
        assert calls == [CANARY, CANARY]
        assert found_in(written(isolated)) == []

    def test_others_are_kept_as_they_are(self):
        inner("plain")
        open_session().journal.flush()
        (row,) = open_session().backend.find_flow_runs("@last")
        assert pickle.loads(row.arguments) == {"secret": "plain"}

    def test_without_the_key_the_resume_says_so(self, isolated):
        row = self.row()
        assert arguments_of(row) == {"secret": CANARY}
        (isolated / "encryption.key").unlink()
        with pytest.raises(EncryptionError, match=r"Flow run .* is encrypted with key"):
            arguments_of(row)

    def test_those_of_one_run_do_not_open_in_another(self):
        first, second = self.row(), self.row()
        with pytest.raises(EncryptionError, match="was changed"):
            arguments_of(second._replace(arguments=first.arguments))

    def test_where_there_is_no_key_they_are_not_kept(self, monkeypatch):
        monkeypatch.setenv("NORIA_ENCRYPTION_KEY", "A" * 43)
        assert self.row().arguments is None


SCRIPT = """
from noria import flow
from noria.blocks.system import Secret

@flow(log_prints=True)
def shows(fail: bool = False):
    secret = Secret.load("canary").get()
    print("printed", secret)
    if fail:
        raise ValueError("failed with " + secret)
    return "ok"

loaded = Secret.load("canary").get()
broken = f"this is {loaded}" if loaded else ""
"""


def test_what_the_command_says_has_no_secret_in_it(isolated, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    raising = tmp_path / "raising.py"
    raising.write_text(SCRIPT + "\nraise RuntimeError(broken)\n")
    environment = {**os.environ, "NORIA_LOG_FORMAT": "plain"}
    for arguments, code in (
        (["run", f"{path}:shows"], 0),
        (["run", f"{path}:shows", "-p", "fail=true"], 1),
        (["--debug", "run", str(raising)], 1),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "noria", *arguments],
            capture_output=True,
            env=environment,
            timeout=100,
            check=False,
        )
        assert done.returncode == code, done.stderr.decode()
        assert found_in(done.stdout + done.stderr) == []
        assert b"********" in done.stderr
    assert found_in(written(isolated)) == []
