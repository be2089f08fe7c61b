"""Notifications: what is sent where, and what happens when it does not arrive."""

# mypy: disable-error-code="arg-type"
# Fields are given plain values, as users do; pydantic converts them.

from __future__ import annotations

import asyncio
import json
import logging
import smtplib
import socket
import sys
from types import SimpleNamespace
from typing import Any

import httpx
import pydantic
import pytest
import requests

from noria.blocks.notifications import (
    CustomWebhookNotificationBlock,
    DingTalkWebhook,
    DiscordWebhook,
    FeishuWebhook,
    MicrosoftTeamsWebhook,
    NotificationError,
    PagerDutyWebHook,
    SlackWebhook,
    SMTPEmail,
    WeComWebhook,
)
from noria.blocks.webhook import Webhook

TOKEN = "TIiajkdnlazkcOXrIdevi7FQ"
ROBOT = "abcdefab-1234-1234-1234-abcdefabcdef"
TEAMS = (
    "https://prod-12.westus.logic.azure.com:443/workflows/WFID/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=SIGNATURE"
)
BLOCKS: dict[str, tuple[Any, str]] = {
    "slack": (
        SlackWebhook(url=f"https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/{TOKEN}"),
        f"https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/{TOKEN}",
    ),
    "teams": (MicrosoftTeamsWebhook(url=TEAMS), TEAMS.partition("?")[0]),
    "discord": (
        DiscordWebhook(webhook_id="123456", webhook_token=TOKEN),
        f"https://discord.com/api/webhooks/123456/{TOKEN}",
    ),
    "pagerduty": (
        PagerDutyWebHook(integration_key="a" * 32, api_key="b" * 32),
        "https://events.pagerduty.com/v2/enqueue",
    ),
    "dingtalk": (
        DingTalkWebhook(
            url="https://oapi.dingtalk.com/robot/send?access_token=" + "0a" * 32,
            secret="SEC" + "a" * 30,
        ),
        "https://oapi.dingtalk.com/robot/send?access_token=" + "0a" * 32,
    ),
    "wecom": (
        WeComWebhook(url=f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={ROBOT}"),
        f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={ROBOT}",
    ),
    "feishu": (
        FeishuWebhook(url=f"https://open.feishu.cn/open-apis/bot/v2/hook/{ROBOT}"),
        f"https://open.feishu.cn/open-apis/bot/v2/hook/{ROBOT}/",
    ),
    "lark": (
        FeishuWebhook(url=f"https://open.larksuite.com/open-apis/bot/v2/hook/{ROBOT}"),
        f"https://open.larksuite.com/open-apis/bot/v2/hook/{ROBOT}",
    ),
}


class Wire:
    """Stands for the network: takes all that is posted."""

    def __init__(self):
        self.sent = []
        self.status = 200

    def post(self, url, *args, **kwargs):
        data = kwargs.get("data")
        self.sent.append((url, data.decode() if isinstance(data, bytes) else data))
        content = b"ok" if "slack" in url else b'{"errcode": 0, "code": 0, "StatusCode": 0}'
        return SimpleNamespace(
            status_code=self.status,
            content=content,
            text=content.decode(),
            headers={},
            json=lambda: json.loads(content),
        )


@pytest.fixture
def wire(monkeypatch):
    made = Wire()
    monkeypatch.setattr(requests, "post", made.post)
    monkeypatch.setattr(requests, "request", lambda method, *args, **kw: made.post(*args, **kw))
    return made


@pytest.mark.parametrize("service", BLOCKS)
def test_a_message_goes_to_its_service(service, wire):
    block, url = BLOCKS[service]
    with block.raise_on_failure():
        block.notify("数据 is late", "Flow failed")
    ((sent_to, content),) = wire.sent
    assert sent_to == url
    text = json.dumps(json.loads(content), ensure_ascii=False)
    assert "数据 is late" in text
    assert "Flow failed" in text
    assert "Prefect" not in text


@pytest.mark.parametrize("service", BLOCKS)
def test_a_block_is_the_same_after_it_was_saved(service):
    block, _ = BLOCKS[service]
    block.save("b")
    assert type(block).load("b").model_dump() == block.model_dump()
    assert not any(secret in repr(block) for secret in (TOKEN, ROBOT, "SIGNATURE", "0a0a", "aaaa"))


def test_in_async_code_it_is_awaited(wire):
    block, _ = BLOCKS["slack"]

    async def send():
        await block.notify("one")
        await block.anotify("two")

    asyncio.run(send())
    assert len(wire.sent) == 2


def test_mail(monkeypatch):
    calls: list[Any] = []

    class Server:
        def __init__(self, host, port, *args, **kwargs):
            calls.append((host, port))

        def __getattr__(self, name):
            return lambda *args, **kwargs: calls.append((name, *args))

    monkeypatch.setattr(smtplib, "SMTP", Server)
    block = SMTPEmail(
        host="smtp.example.com",
        sender="etl@example.com",
        to_emails=["ada@example.com", "bob@example.com"],
        username="etl",
        password="p4ssw0rd",
    )
    with block.raise_on_failure():
        block.notify("body", "subject")
    names = [call[0] for call in calls]
    assert calls[0] == ("smtp.example.com", 587)
    assert names[1:3] == ["starttls", "login"]
    assert ("login", "etl", "p4ssw0rd") in calls
    sent = [call for call in calls if call[0] == "sendmail"]
    assert sorted(address for call in sent for address in call[2]) == [
        "ada@example.com",
        "bob@example.com",
    ]


class TestFailure:
    def test_it_is_logged_without_the_secrets(self, wire, caplog):
        wire.status = 500
        block, _ = BLOCKS["slack"]
        again = SlackWebhook(url=block.url)
        with caplog.at_level(logging.WARNING):
            again.notify("x")
        assert "SlackWebhook has not delivered a notification" in caplog.text
        assert TOKEN not in caplog.messages[-1]

    def test_it_is_raised_where_that_is_wanted(self, wire):
        wire.status = 500
        block, _ = BLOCKS["slack"]
        with block.raise_on_failure(), pytest.raises(NotificationError, match="Slack"):
            block.notify("x")
        block.notify("x")

    @pytest.mark.parametrize(
        "block",
        [
            SlackWebhook(url="https://hooks.slack.com/services/T1JJ"),
            FeishuWebhook(url="https://example.com/robot"),
            WeComWebhook(url="https://example.com/robot"),
            MicrosoftTeamsWebhook(url="https://example.com/robot"),
            DingTalkWebhook(url="https://oapi.dingtalk.com/robot/send?access_token=!"),
        ],
        ids=lambda block: type(block).__name__,
    )
    def test_a_url_of_something_else_is_a_failure(self, block, wire):
        with block.raise_on_failure(), pytest.raises(NotificationError):
            block.notify("x")
        assert wire.sent == []

    def test_a_host_of_the_own_network_is_one_where_it_is_ruled_out(self, wire):
        block = SlackWebhook(url="http://127.0.0.1/services/a/b/c", allow_private_urls=False)
        with block.raise_on_failure(), pytest.raises(NotificationError, match="private network"):
            block.notify("x")
        assert wire.sent == []

    @pytest.mark.parametrize(
        ("library", "block"),
        [
            ("apprise", BLOCKS["slack"][0]),
            ("httpx", CustomWebhookNotificationBlock(name="x", url="https://example.com")),
        ],
    )
    def test_a_missing_library_is_named(self, library, block, monkeypatch):
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(ImportError, match=r"pip install 'noria\[notify\]'"):
            block.notify("x")


class Transport(httpx.BaseTransport):
    """Stands for the network of httpx."""

    made: list[Transport]
    requests: list[httpx.Request]
    status = 200

    def __init__(self, verify=True):
        self.verify = verify
        type(self).made.append(self)

    def handle_request(self, request):
        request.read()
        type(self).requests.append(request)
        return httpx.Response(type(self).status, text="done")


@pytest.fixture
def calls(monkeypatch):
    Transport.made, Transport.requests, Transport.status = [], [], 200
    monkeypatch.setattr(httpx, "HTTPTransport", Transport)
    return Transport


def resolve(monkeypatch, *addresses):
    found = [(2, 1, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)


class TestWebhook:
    def test_a_mapping_goes_as_json_and_a_text_as_it_is(self, calls):
        block = Webhook(url="https://example.com/h", headers={"X-Token": "t0k3n"})
        assert block.call({"a": "数"}).status_code == 200
        assert block.call("plain").text == "done"
        first, second = calls.requests
        assert (first.method, str(first.url)) == ("POST", "https://example.com/h")
        assert first.headers["x-token"] == "t0k3n"
        assert json.loads(first.content) == {"a": "数"}
        assert second.content == b"plain"

    def test_it_is_awaited_in_async_code(self, calls):
        async def call():
            return await Webhook(url="https://example.com/h", method="GET").call()

        assert asyncio.run(call()).status_code == 200
        assert calls.requests[0].method == "GET"

    def test_what_comes_back_is_given_back_whatever_it_is(self, calls):
        calls.status = 500
        assert Webhook(url="https://example.com/h").call().status_code == 500

    def test_certificates_are_checked_unless_that_is_ruled_out(self, calls):
        Webhook(url="https://example.com/h").call()
        Webhook(url="https://example.com/h", verify=False).call()
        assert [transport.verify for transport in calls.made] == [True, False]

    def test_it_is_the_same_after_it_was_saved(self, calls):
        Webhook(url="https://example.com/h", headers={"X-Token": "t0k3n"}).save("w")
        Webhook.load("w").call()
        assert calls.requests[0].headers["x-token"] == "t0k3n"

    def test_the_own_network_can_be_ruled_out(self, calls, monkeypatch):
        block = Webhook(url="https://example.com/h", allow_private_urls=False)
        for address in ("10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fd00::1", "0.0.0.0"):
            resolve(monkeypatch, "93.184.216.34", address)
            with pytest.raises(ValueError, match="private network"):
                block.call()
        assert calls.requests == []

    def test_the_address_that_was_judged_is_the_one_that_is_called(self, calls, monkeypatch):
        resolve(monkeypatch, "93.184.216.34")
        Webhook(url="https://example.com/h", allow_private_urls=False).call()
        (request,) = calls.requests
        assert request.url.host == "93.184.216.34"
        assert request.headers["host"] == "example.com"
        assert request.extensions["sni_hostname"] == "example.com"


class TestCustomWebhook:
    def block(self, **facts):
        facts.setdefault("json_data", {"text": "{{subject}}: {{ body }}", "n": [1, "{{name}}"]})
        return CustomWebhookNotificationBlock(
            name="ops",
            url="https://example.com/{{token}}",
            headers={"Authorization": "Bearer {{token}}"},
            secrets={"token": "t0k3n"},
            **facts,
        )

    def test_values_are_put_in(self, calls):
        self.block().notify("late", "Flow")
        (request,) = calls.requests
        assert str(request.url) == "https://example.com/t0k3n"
        assert request.headers["authorization"] == "Bearer t0k3n"
        assert json.loads(request.content) == {"text": "Flow: late", "n": [1, "ops"]}

    def test_no_subject_is_null(self, calls):
        asyncio.run(self.block().anotify("late"))
        assert json.loads(calls.requests[0].content)["text"] == "null: late"

    def test_a_form_and_a_text(self, calls):
        self.block(json_data=None, form_data={"q": "{{body}}"}).notify("a b")
        self.block(json_data=None, form_data="<x>{{body}}</x>").notify("a b")
        assert [request.content for request in calls.requests] == [b"q=a+b", b"<x>a b</x>"]

    def test_its_secrets_are_not_used_up_by_sending(self, calls):
        block = self.block()
        block.notify("late")
        assert block.secrets.get_secret_value() == {"token": "t0k3n"}

    def test_a_refusal_is_a_failure_without_the_secrets(self, calls, caplog):
        calls.status = 403
        block = self.block()
        with caplog.at_level(logging.WARNING):
            block.notify("late")
        assert "403" in caplog.messages[-1]
        assert "t0k3n" not in caplog.messages[-1]
        with block.raise_on_failure(), pytest.raises(NotificationError, match="403"):
            block.notify("late")

    def test_what_nothing_is_known_for_is_refused_when_it_is_made(self):
        with pytest.raises(pydantic.ValidationError, match="put in for tokn"):
            self.block(json_data={"a": "{{tokn}}"})
        with pytest.raises(pydantic.ValidationError, match="cannot both be sent"):
            self.block(form_data="x")
