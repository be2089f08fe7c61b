"""Notifications: what is told, to whom, and that no run waits for it or fails by it."""

# mypy: disable-error-code="arg-type"
# Fields are given plain values, as users do; pydantic converts them.

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from noria import flow, notify, tags, task
from noria.backend.port import RunFilter
from noria.blocks.notifications import CustomWebhookNotificationBlock, NotificationBlock
from noria.blocks.webhook import Webhook
from noria.core.redaction import redactor
from noria.core.states import StateType
from noria.notifications import drain
from noria.runs import resume
from noria.session import open_session
from noria.settings import temporary_settings
from noria.task_runners import ProcessPoolTaskRunner


class Inbox:
    """What a server of this machine was sent; it answers with the next of `answers`, else 200."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                inbox.gate.wait()
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                inbox.received.append({"path": self.path, **json.loads(text)})
                inbox.arrived.release()
                self.send_response(inbox.answers.pop(0) if inbox.answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.gate.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    opened = Inbox()
    yield opened
    # Nothing is left for the next test.
    opened.gate.set()
    drain(5)
    opened.close()


def block(inbox: Inbox, path: str = "/ops") -> CustomWebhookNotificationBlock:
    return CustomWebhookNotificationBlock(
        name="ops",
        url=inbox.url + path,
        json_data={"subject": "{{subject}}", "text": "{{body}}"},
    )


def failing(**options: Any) -> Any:
    @flow(name="每日加载", flow_run_name="monday", **options)
    def load() -> None:
        raise ConnectionError("no answer")

    return load


def run_log() -> list[str]:
    session = open_session()
    session.journal.flush()
    run = session.backend.flow_runs(RunFilter())[0].run
    return [line.message for _, line in session.backend.logs(run.id)]


# --- what is told ---------------------------------------------------------------------------


def test_a_failure_is_told_with_its_reason_and_where_to_look(inbox: Inbox):
    with tags("owner:ada", "etl"):
        failing(on_failure=[notify(block(inbox))])(return_state=True)
    assert drain()
    [sent] = inbox.received
    assert sent["subject"] == "■ 每日加载 · monday failed"
    lines = sent["text"].splitlines()
    assert lines[0] == "reason: ConnectionError: no answer"
    assert lines[1].startswith("at: test_notifications.py:")
    assert lines[1].endswith(" in load")
    assert lines[2].startswith("took: ")
    assert lines[3:] == ["owner: ada", "tags: etl, owner:ada", "see: noria runs show monday"]


def test_it_may_be_in_chinese(inbox: Inbox):
    with tags("owner:李雷"):
        failing(on_failure=[notify(block(inbox), language="zh")])(return_state=True)
    drain()
    [sent] = inbox.received
    assert sent["subject"] == "■ 每日加载 · monday 失败"
    assert "原因：ConnectionError: no answer" in sent["text"]
    assert "负责人：李雷" in sent["text"]


def test_a_page_is_linked_to_where_there_is_one(inbox: Inbox):
    with temporary_settings({"NORIA_UI_URL": "https://noria.example.com/"}):
        state = failing(on_failure=[notify(block(inbox))])(return_state=True)
        drain()
    run_id = state.state_details.flow_run_id
    assert f"see: https://noria.example.com/runs/flow-run/{run_id}" in inbox.received[0]["text"]


def test_templates(inbox: Inbox):
    hook = notify(
        block(inbox), subject="[{state}] {name}", body="{reason} | {kind} {attempts} {{x}} 🔥"
    )
    failing(on_failure=[hook])(return_state=True)
    drain()
    assert inbox.received[0]["subject"] == "[Failed] 每日加载"
    assert inbox.received[0]["text"] == "ConnectionError: no answer | flow 1 {x} 🔥"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{reson}", r"names \{reson\}, which is not known. Did you mean \{reason\}\?"),
        ("{name", "'body' is no template"),
        ("{}", "names {}, which is not known"),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_refused(template: str, said: str):
    with pytest.raises(ValueError, match=said):
        notify("ops", body=template)


def test_secrets_are_masked(inbox: Inbox):
    redactor.add("s3cr3t-token")

    @flow(on_failure=[notify(block(inbox), body="{reason}\n{traceback}")])
    def load() -> None:
        raise ValueError("refused: s3cr3t-token")

    load(return_state=True)
    drain()
    assert "refused: ********" in inbox.received[0]["text"]
    assert "s3cr3t" not in str(inbox.received)


def test_a_task_tells_of_its_flow(inbox: Inbox):
    @task(name="读取", on_failure=[notify(block(inbox))])
    def read() -> None:
        raise ValueError("empty")

    @flow(name="load", flow_run_name="monday")
    def load() -> None:
        read(return_state=True)

    load()
    drain()
    [sent] = inbox.received
    assert sent["subject"].startswith("■ 读取 · 读取-")
    assert "flow: load · monday" in sent["text"]
    assert "see: noria runs show monday" in sent["text"]


def test_a_task_outside_flows_tells_as_well(inbox: Inbox):
    @task(on_failure=[notify(block(inbox))])
    def read() -> None:
        raise ValueError("empty")

    read(return_state=True)
    drain()
    assert inbox.received[0]["subject"] == "■ read · read failed"


def test_a_cancellation_and_a_completion_are_told(inbox: Inbox):
    hook = notify(block(inbox), subject="{event}")

    @flow(on_completion=[hook], on_cancellation=[hook])
    def load(stop: bool) -> None:
        if stop:
            raise KeyboardInterrupt

    load(stop=False)
    with pytest.raises(KeyboardInterrupt):
        load(stop=True)
    drain()
    assert [sent["subject"] for sent in inbox.received] == ["completed", "cancelled"]


def test_async_flows_tell(inbox: Inbox):
    @flow(on_failure=[notify(block(inbox))])
    async def load() -> None:
        raise ValueError("empty")

    with pytest.raises(ValueError, match="empty"):
        asyncio.run(load())
    drain()
    assert len(inbox.received) == 1


# --- to whom --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ops-chat", "custom-webhook/ops-chat"])
def test_a_saved_block_is_found_by_its_name(inbox: Inbox, name: str):
    block(inbox).save("ops-chat")
    failing(on_failure=[notify(name)])(return_state=True)
    drain()
    assert len(inbox.received) == 1


def test_a_name_that_is_of_several_blocks_asks_for_one(inbox: Inbox):
    block(inbox).save("ops-chat")
    Webhook(url=inbox.url).save("ops-chat")
    failing(on_failure=[notify("ops-chat")])(return_state=True)
    drain()
    assert inbox.received == []
    assert "name one of custom-webhook/ops-chat, webhook/ops-chat" in run_log()[-1]


def test_a_webhook_gets_the_facts_as_json(inbox: Inbox):
    failing(on_failure=[notify(Webhook(url=inbox.url))])(return_state=True)
    drain()
    [sent] = inbox.received
    assert sent["event"] == "failed"
    assert sent["name"] == "每日加载"
    assert sent["body"].startswith("reason: ConnectionError")


def test_a_url_goes_through_apprise(inbox: Inbox):
    hook = notify(inbox.url.replace("http://", "json://") + "/chat")
    failing(on_failure=[hook])(return_state=True)
    drain()
    [sent] = inbox.received
    assert sent["path"] == "/chat"
    assert sent["type"] == "failure"
    assert "reason: ConnectionError" in sent["message"]


def test_several_are_told_each(inbox: Inbox):
    failing(on_failure=[notify(block(inbox, "/a"), block(inbox, "/b"))])(return_state=True)
    drain()
    assert [sent["path"] for sent in inbox.received] == ["/a", "/b"]


def test_a_block_of_ones_own_may_be_async():
    said = []

    class Own(NotificationBlock):
        async def notify(self, body: str, subject: str | None = None) -> None:
            said.append(subject)

    failing(on_failure=[notify(Own())])(return_state=True)
    assert drain()
    assert said == ["■ 每日加载 · monday failed"]


@pytest.mark.parametrize("to", [3, None, object()])
def test_what_is_no_target_is_refused(to: Any):
    with pytest.raises(TypeError, match="A notification goes to the name of a saved block"):
        notify(to)


def test_a_name_that_cannot_be_one_is_refused():
    with pytest.raises(ValueError, match="'Ops Chat' is neither the name of a saved block"):
        notify("Ops Chat")
    with pytest.raises(TypeError, match="needs somebody to tell"):
        notify()
    with pytest.raises(ValueError, match="'on' names 'broken'"):
        notify("ops", on="broken")
    with pytest.raises(ValueError, match="'language' is 'fr'"):
        notify("ops", language="fr")


# --- which events ---------------------------------------------------------------------------


def test_a_recovery_is_told_once(inbox: Inbox):
    hook = notify(block(inbox), on=("failed", "recovered"), subject="{event}")
    healthy = True

    @flow(on_failure=[hook], on_completion=[hook])
    def load() -> None:
        if not healthy:
            raise ValueError("empty")

    load()
    healthy = False
    load(return_state=True)
    healthy = True
    load()
    load()
    drain()
    assert [sent["subject"] for sent in inbox.received] == ["failed", "recovered"]


def test_a_resumed_run_that_completes_has_recovered(inbox: Inbox):
    hook = notify(block(inbox), on="recovered")
    healthy = False

    @flow(on_completion=[hook])
    def load() -> None:
        if not healthy:
            raise ValueError("empty")

    run_id = load(return_state=True).state_details.flow_run_id
    healthy = True
    assert resume(run_id, flow=load).type is StateType.COMPLETED
    drain()
    assert inbox.received[0]["subject"].endswith(" works again")


def test_a_task_has_recovered_when_an_attempt_failed(inbox: Inbox):
    attempts = []

    @task(retries=1, on_completion=[notify(block(inbox), on="recovered", subject="{event}")])
    def read(fails: int) -> None:
        attempts.append(1)
        if len(attempts) <= fails:
            raise ValueError("empty")

    read(0)
    attempts.clear()
    read(1)
    drain()
    assert [sent["subject"] for sent in inbox.received] == ["recovered"]


def test_a_map_that_fails_does_not_flood_a_chat(inbox: Inbox):
    @task(on_failure=[notify(block(inbox), limit=3)])
    def read(n: int) -> None:
        raise ValueError("empty")

    @flow
    def load() -> None:
        read.map(range(20)).wait()

    load()
    drain()
    assert len(inbox.received) == 3
    assert sum("there will be no more" in sent["text"] for sent in inbox.received) == 1


# --- delivery -------------------------------------------------------------------------------


def test_a_run_does_not_wait_for_it(inbox: Inbox):
    inbox.gate.clear()
    failing(on_failure=[notify(block(inbox))])(return_state=True)
    assert inbox.received == []
    inbox.gate.set()
    assert drain()
    assert len(inbox.received) == 1


def test_it_is_tried_again(inbox: Inbox):
    inbox.answers = [500, 503]
    failing(on_failure=[notify(block(inbox), retry_delay_seconds=0)])(return_state=True)
    assert drain()
    assert len(inbox.received) == 3
    assert not [line for line in run_log() if "notification" in line]


def test_what_is_not_delivered_is_told_once_with_the_reason(inbox: Inbox):
    inbox.answers = [500] * 9
    hook = notify(block(inbox), retries=2, retry_delay_seconds=0)
    state = failing(on_failure=[hook, hook, hook])(return_state=True)
    assert drain()
    assert len(inbox.received) == 9
    assert state.type is StateType.FAILED
    [line] = [line for line in run_log() if "notification" in line]
    assert line.startswith(
        "A notification to CustomWebhookNotificationBlock was not delivered after 3 attempts: "
    )
    assert "500" in line


def test_secrets_of_the_target_are_masked_in_that_line(inbox: Inbox):
    hook = CustomWebhookNotificationBlock(
        name="ops", url=inbox.url + "/{{token}}", json_data={}, secrets={"token": "t0k3n-of-ops"}
    )
    inbox.answers = [500]
    failing(on_failure=[notify(hook, retries=0)])(return_state=True)
    drain()
    assert inbox.received[0]["path"] == "/t0k3n-of-ops"
    [line] = [line for line in run_log() if "notification" in line]
    assert "t0k3n" not in line


def test_a_block_that_is_not_there_is_not_looked_for_again(inbox: Inbox):
    failing(on_failure=[notify("nobody", retry_delay_seconds=3600)])(return_state=True)
    assert drain()
    [line] = [line for line in run_log() if "notification" in line]
    assert "There is no saved block 'nobody' that sends notifications" in line


def test_a_task_within_a_task_in_another_process_tells_as_well(inbox: Inbox):
    block(inbox).save("ops-chat")

    @task(on_failure=[notify("ops-chat")])
    def inner() -> None:
        raise ValueError("empty")

    @task
    def outer() -> None:
        inner(return_state=True)

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def load() -> None:
        outer.submit().wait()

    load()
    # The other process delivers in its own time.
    assert inbox.arrived.acquire(timeout=30)
    assert [sent["subject"].split(" · ")[0] for sent in inbox.received] == ["■ inner"]


def test_outside_flows_it_is_told_to_logging(inbox: Inbox, caplog: pytest.LogCaptureFixture):
    @task(on_failure=[notify("nobody")])
    def read() -> None:
        raise ValueError("empty")

    with caplog.at_level(logging.WARNING, "noria.notifications"):
        read(return_state=True)
        drain()
    assert "There is no saved block 'nobody'" in caplog.text


def test_what_is_left_is_given_up_with_the_reason(inbox: Inbox):
    inbox.answers = [500]
    failing(on_failure=[notify(block(inbox), retry_delay_seconds=3600)])(return_state=True)
    while not inbox.received:
        threading.Event().wait(0.001)
    assert not drain(0.2)
    [line] = [line for line in run_log() if "notification" in line]
    assert "was not delivered before the process ended: " in line
    assert drain()


def test_the_end_of_the_process_waits_for_it(inbox: Inbox, tmp_path: Any):
    script = tmp_path / "script.py"
    script.write_text(
        f"""
from noria import flow, notify

@flow(on_failure=[notify("{inbox.url.replace("http", "json", 1)}/end")])
def load():
    raise ValueError("empty")

load(return_state=True)
"""
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert [sent["path"] for sent in inbox.received] == ["/end"]


def test_a_hook_can_be_pickled():
    hook = pickle.loads(pickle.dumps(notify("ops", subject="{name}")))
    assert repr(hook) == "<notify('ops')>"
    assert hook.subject == "{name}"
