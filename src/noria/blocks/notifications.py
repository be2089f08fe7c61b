"""Blocks that send messages to people. Sending needs the extra `noria[notify]`.

Example:
    >>> SlackWebhook(url="https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdev")
    SlackWebhook(notify_type='info', url=SecretStr('**********'), allow_private_urls=True)
"""

from __future__ import annotations

import re
import warnings
from abc import ABC, abstractmethod
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import AnyHttpUrl, Field, SecretStr, model_validator

from noria.blocks.abstract import NotificationBlock, NotificationError
from noria.blocks.fields import SecretDict
from noria.blocks.http import library, public_address, request
from noria.core.redaction import redactor
from noria.engine.dispatch import async_dispatch, in_thread

NotifyType = Literal["info", "success", "warning", "failure"]

_APPLICATION = "Noria"
_WARNING = 30
_PLACEHOLDER = re.compile(r"{{\s*(\w+)\s*}}")


class AbstractAppriseNotificationBlock(NotificationBlock, ABC):
    """Sends messages by apprise.

    Parameters:
        notify_type: What kind of message it is: `info`, `success`, `warning` or `failure`.
    """

    notify_type: NotifyType = "info"

    @abstractmethod
    def _service(self) -> Any:
        """What apprise is to send to: its URL, or an object of one of its plugins."""

    def _check(self) -> None:
        """Raise when nothing may be sent there."""

    async def anotify(self, body: str, subject: str | None = None) -> None:
        """As `notify`, always awaited."""
        await in_thread(self._send, body, subject)

    @async_dispatch(anotify)
    def notify(self, body: str, subject: str | None = None) -> None:
        """Send a message. That it was not delivered is logged, and raised only within
        `raise_on_failure`.

        Parameters:
            body: The text.
            subject: What stands above it.

        Returns:
            Nothing; inside async runs something to await.

        Raises:
            ImportError: The package apprise is not installed.
            NotificationError: It was not delivered, within `raise_on_failure`.
        """
        self._send(body, subject)

    def _send(self, body: str, subject: str | None) -> None:
        apprise = library("apprise", type(self).__name__)
        asset = apprise.AppriseAsset(app_id=_APPLICATION, app_desc=_APPLICATION, app_url="")
        client = apprise.Apprise(asset=asset)
        with apprise.LogCapture(level=_WARNING, fmt="%(message)s") as captured:
            try:
                self._check()
                # A URL makes apprise load all of its services, with whatever they warn of.
                with warnings.catch_warnings(action="ignore"):
                    ready = client.add(self._service())
                delivered = ready and client.notify(
                    body=body, title=subject or "", notify_type=self.notify_type
                )
                reason = "" if ready else "apprise does not take the block's fields."
            except (TypeError, ValueError) as error:
                delivered, reason = False, str(error)
            found = captured.getvalue()
        if not delivered:
            self._failed(redactor.mask(f"{reason} {found}".strip()))


class AppriseNotificationBlock(AbstractAppriseNotificationBlock, ABC):
    """Sends messages to a URL that apprise knows.

    Parameters:
        url: The URL; kept secret.
        allow_private_urls: Whether it may be a host of the own network.
    """

    url: SecretStr
    allow_private_urls: bool = True

    def _service(self) -> Any:
        return self.url.get_secret_value()

    def _check(self) -> None:
        if not self.allow_private_urls:
            address = urlsplit(self.url.get_secret_value())
            public_address(address.hostname or "", address.port)


class SlackWebhook(AppriseNotificationBlock):
    """Sends to a Slack channel.

    Parameters:
        url: The incoming webhook, `https://hooks.slack.com/services/...`.
    """

    _block_type_name = "Slack Webhook"

    def _service(self) -> Any:
        plugin = library("apprise.plugins.slack", "SlackWebhook").NotifySlack
        found = plugin.parse_native_url(self.url.get_secret_value())
        if not found:
            raise ValueError("The URL is not that of an incoming webhook of Slack.")
        return plugin(**found)


class MicrosoftTeamsWebhook(AppriseNotificationBlock):
    """Sends to a channel of Microsoft Teams.

    Parameters:
        url: The URL of the workflow, `https://....logic.azure.com:443/workflows/...`.
        include_image: Whether an icon of the kind of message is shown.
        wrap: Whether long lines are wrapped.
    """

    _block_type_name = "Microsoft Teams Webhook"
    _block_type_slug = "ms-teams-webhook"

    include_image: bool = True
    wrap: bool = True

    def _service(self) -> Any:
        plugin = library("apprise.plugins.workflows", "MicrosoftTeamsWebhook").NotifyWorkflows
        found = plugin.parse_native_url(self.url.get_secret_value())
        if not found:
            raise ValueError("The URL is not that of a workflow of Microsoft Teams.")
        return plugin(**{**found, "include_image": self.include_image, "wrap": self.wrap})


class DiscordWebhook(AbstractAppriseNotificationBlock):
    """Sends to a Discord channel.

    Parameters:
        webhook_id: The first of the two tokens in the webhook's URL.
        webhook_token: The second.
        botname: The name under which messages appear; None for the webhook's own.
        tts: Whether messages are read aloud.
        include_image: Whether an icon of the kind of message is shown.
        avatar: Whether the picture depends on the kind of message.
        avatar_url: The picture; None for apprise's.
    """

    _block_type_name = "Discord Webhook"

    webhook_id: SecretStr
    webhook_token: SecretStr
    botname: str | None = None
    tts: bool = False
    include_image: bool = False
    avatar: bool = True
    avatar_url: str | None = None

    def _service(self) -> Any:
        plugin = library("apprise.plugins.discord", "DiscordWebhook").NotifyDiscord
        return plugin(
            webhook_id=self.webhook_id.get_secret_value(),
            webhook_token=self.webhook_token.get_secret_value(),
            botname=self.botname,
            tts=self.tts,
            include_image=self.include_image,
            avatar=self.avatar,
            avatar_url=self.avatar_url,
        )


class PagerDutyWebHook(AbstractAppriseNotificationBlock):
    """Raises an incident in PagerDuty.

    Parameters:
        integration_key: The routing key of the Events API V2.
        api_key: The key of the API.
        source: Where the incident comes from.
        component: Which part it concerns.
        group: Which group of parts.
        class_id: What kind of incident it is.
        region_name: `us` or `eu`.
        clickable_url: A page on it.
        include_image: Whether an icon of the kind of message is shown.
        custom_details: Further facts.
    """

    _block_type_name = "Pager Duty Webhook"

    integration_key: SecretStr
    api_key: SecretStr
    source: str | None = _APPLICATION
    component: str = "Notification"
    group: str | None = None
    class_id: str | None = None
    region_name: Literal["us", "eu"] = "us"
    clickable_url: AnyHttpUrl | None = None
    include_image: bool = True
    custom_details: dict[str, str] | None = None

    def _service(self) -> Any:
        plugin = library("apprise.plugins.pagerduty", "PagerDutyWebHook").NotifyPagerDuty
        return plugin(
            apikey=self.api_key.get_secret_value(),
            integrationkey=self.integration_key.get_secret_value(),
            source=self.source,
            component=self.component,
            group=self.group,
            class_id=self.class_id,
            region_name=self.region_name,
            click=None if self.clickable_url is None else str(self.clickable_url),
            include_image=self.include_image,
            details=self.custom_details,
        )


class SMTPEmail(AbstractAppriseNotificationBlock):
    """Sends mail by a server of yours.

    Parameters:
        host: The SMTP server.
        sender: The address that the mail comes from.
        to_emails: The addresses that it goes to.
        username: Who logs in; None for a server that asks for nobody.
        password: With which password.
        port: The server's port; None chooses by `security`.
        security: `starttls`, `ssl`, or `none`.

    Example:
        >>> mail = SMTPEmail(host="smtp.example.com", sender="etl@example.com",
        ...                  to_emails=["ada@example.com"], username="etl", password="s3cr3t")
        >>> mail.password
        SecretStr('**********')
    """

    _block_type_name = "SMTP Email"

    host: str
    sender: str
    to_emails: list[str] = Field(min_length=1)
    username: str | None = None
    password: SecretStr | None = None
    port: int | None = None
    security: Literal["starttls", "ssl", "none"] = "starttls"

    def _service(self) -> Any:
        plugin = library("apprise.plugins.email", "SMTPEmail").NotifyEmail
        return plugin(
            host=self.host,
            smtp_host=self.host,
            port=self.port,
            user=self.username,
            password=None if self.password is None else self.password.get_secret_value(),
            from_addr=self.sender,
            targets=self.to_emails,
            secure=self.security != "none",
            secure_mode="insecure" if self.security == "none" else self.security,
        )


class DingTalkWebhook(AppriseNotificationBlock):
    """Sends to a group of DingTalk (钉钉) by its robot.

    Parameters:
        url: The robot's webhook, `https://oapi.dingtalk.com/robot/send?access_token=...`.
        secret: The key that the robot's messages are signed with, if it asks for that.
        phones: Numbers of the people to be mentioned.
    """

    _block_type_name = "DingTalk Webhook"

    secret: SecretStr | None = None
    phones: list[str] | None = None

    def _service(self) -> Any:
        plugin = library("apprise.plugins.dingtalk", "DingTalkWebhook").NotifyDingTalk
        return plugin(
            token=_from_query(self.url, "access_token"),
            secret=None if self.secret is None else self.secret.get_secret_value(),
            targets=self.phones,
        )


class WeComWebhook(AppriseNotificationBlock):
    """Sends to a group of WeCom (企业微信) by its robot.

    Parameters:
        url: The robot's webhook, `https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=...`.
    """

    _block_type_name = "WeCom Webhook"

    def _service(self) -> Any:
        plugin = library("apprise.plugins.wecombot", "WeComWebhook").NotifyWeComBot
        return plugin(key=_from_query(self.url, "key"))


class FeishuWebhook(AppriseNotificationBlock):
    """Sends to a group of Feishu (飞书) or Lark by its robot.

    Parameters:
        url: The robot's webhook, `https://open.feishu.cn/open-apis/bot/v2/hook/...` or
            `https://open.larksuite.com/open-apis/bot/v2/hook/...`.
    """

    _block_type_name = "Feishu Webhook"

    def _service(self) -> Any:
        address = urlsplit(self.url.get_secret_value())
        token = address.path.rpartition("/hook/")[2].strip("/")
        if not token or "/hook/" not in address.path:
            raise ValueError("The URL is not that of a robot of Feishu or Lark.")
        if (address.hostname or "").endswith("larksuite.com"):
            return library("apprise.plugins.lark", "FeishuWebhook").NotifyLark(token=token)
        return library("apprise.plugins.feishu", "FeishuWebhook").NotifyFeishu(token=token)


class CustomWebhookNotificationBlock(NotificationBlock):
    """Sends a request of your own making.

    In its parts, `{{subject}}`, `{{body}}`, `{{name}}` and the names of `secrets` in double braces
    stand for their values.

    Parameters:
        name: The webhook's name.
        url: The URL.
        method: GET, POST, PUT, PATCH or DELETE.
        params: The query.
        json_data: What is sent as JSON; not together with `form_data`.
        form_data: What is sent as a form, or a text that is sent as it is.
        headers: Further headers.
        cookies: Cookies.
        timeout: How long an answer may take, seconds.
        allow_private_urls: Whether it may be a host of the own network.
        secrets: Values to be put in; kept secret.

    Example:
        >>> hook = CustomWebhookNotificationBlock(
        ...     name="ops", url="https://example.com/{{token}}", json_data={"text": "{{body}}"},
        ...     secrets={"token": "5f9c1d"})
        >>> hook.secrets
        SecretDict('**********')
    """

    _block_type_name = "Custom Webhook"

    name: str
    url: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    params: dict[str, str] | None = None
    json_data: dict[str, Any] | None = None
    form_data: dict[str, str] | str | None = None
    headers: dict[str, str] | None = None
    cookies: dict[str, str] | None = None
    timeout: float = 10
    allow_private_urls: bool = True
    secrets: SecretDict = Field(default_factory=lambda: SecretDict({}))

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        if self.json_data is not None and self.form_data is not None:
            raise ValueError("`json_data` and `form_data` cannot both be sent; give one of them.")
        known = {"subject", "body", "name", *self.secrets.get_secret_value()}
        parts = [self.url, self.params, self.json_data, self.form_data, self.headers, self.cookies]
        unknown = set(_placeholders(parts)) - known
        if unknown:
            raise ValueError(
                f"Nothing is known to put in for {', '.join(sorted(unknown))}; there are "
                f"{', '.join(sorted(known))}. Give it in `secrets`."
            )
        return self

    async def anotify(self, body: str, subject: str | None = None) -> None:
        """As `notify`, always awaited."""
        await in_thread(self._send, body, subject)

    @async_dispatch(anotify)
    def notify(self, body: str, subject: str | None = None) -> None:
        """Send the request. That it was refused is logged, and raised only within
        `raise_on_failure`.

        Parameters:
            body: Stands for `{{body}}`.
            subject: Stands for `{{subject}}`; the text null when there is none.

        Returns:
            Nothing; inside async runs something to await.

        Raises:
            ImportError: The package httpx is not installed.
            NotificationError: It was refused, within `raise_on_failure`.
        """
        self._send(body, subject)

    def _send(self, body: str, subject: str | None) -> None:
        http = library("httpx", type(self).__name__)
        values = {
            **self.secrets.get_secret_value(),
            "subject": "null" if subject is None else subject,
            "body": body,
            "name": self.name,
        }
        parts = {
            "method": self.method,
            "url": self.url,
            "params": self.params,
            "content" if isinstance(self.form_data, str) else "data": self.form_data,
            "json": self.json_data,
            "headers": {"user-agent": _APPLICATION, **(self.headers or {})},
            "cookies": self.cookies,
            "timeout": self.timeout,
        }
        try:
            arguments = _filled_in(parts, values)
            answer = request(arguments, type(self).__name__, True, self.allow_private_urls)
            answer.raise_for_status()
        except (http.HTTPError, http.InvalidURL, ValueError) as error:
            self._failed(redactor.mask(str(error) or type(error).__name__))


def _from_query(url: SecretStr, name: str) -> str:
    found = parse_qs(urlsplit(url.get_secret_value()).query).get(name)
    if not found:
        raise ValueError(f"The URL has no {name}=... in it.")
    return found[0]


def _placeholders(part: Any) -> list[str]:
    if isinstance(part, str):
        return _PLACEHOLDER.findall(part)
    if isinstance(part, dict):
        part = [*part, *part.values()]
    return [name for each in part for name in _placeholders(each)] if type(part) is list else []


def _filled_in(part: Any, values: dict[str, Any]) -> Any:
    if isinstance(part, str):
        whole = _PLACEHOLDER.fullmatch(part)
        if whole:
            return values[whole[1]]
        return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), part)
    if isinstance(part, dict):
        return {_filled_in(key, values): _filled_in(item, values) for key, item in part.items()}
    return [_filled_in(item, values) for item in part] if isinstance(part, list) else part


__all__ = [
    "AbstractAppriseNotificationBlock",
    "AppriseNotificationBlock",
    "CustomWebhookNotificationBlock",
    "DingTalkWebhook",
    "DiscordWebhook",
    "FeishuWebhook",
    "MicrosoftTeamsWebhook",
    "NotificationBlock",
    "NotificationError",
    "PagerDutyWebHook",
    "SMTPEmail",
    "SlackWebhook",
    "WeComWebhook",
]
