"""Where runs can be looked at in a browser."""

from __future__ import annotations

from typing import Any

from noria.core.settings import Settings


def page_of_flow_run(settings: Settings, run_id: Any) -> str | None:
    """The page of a flow run; None when there is none (NORIA_UI_URL)."""
    return _page(settings, "flow-run", run_id)


def page_of_task_run(settings: Settings, run_id: Any) -> str | None:
    """The page of a task run; None when there is none."""
    return _page(settings, "task-run", run_id)


def _page(settings: Settings, kind: str, run_id: Any) -> str | None:
    site = settings.ui_url.rstrip("/")
    return f"{site}/runs/{kind}/{run_id}" if site else None
