"""What people and other runs give to a flow run while it runs.

Example:
    >>> from noria import flow, pause_flow_run
    >>> from noria.input import RunInput
    >>> class Approval(RunInput):
    ...     approved: bool
    ...     comment: str = ""
    >>> @flow
    ... def release():
    ...     answer = pause_flow_run(wait_for_input=Approval, timeout=600)
    ...     return answer.approved
"""

from noria.input.actions import (
    acreate_flow_run_input,
    acreate_flow_run_input_from_model,
    adelete_flow_run_input,
    afilter_flow_run_input,
    aread_flow_run_input,
    create_flow_run_input,
    create_flow_run_input_from_model,
    delete_flow_run_input,
    filter_flow_run_input,
    read_flow_run_input,
)
from noria.input.handlers import GetAutomaticInputHandler, GetInputHandler
from noria.input.run_input import (
    AutomaticRunInput,
    BaseRunInput,
    Keyset,
    RunInput,
    RunInputMetadata,
    asend_input,
    keyset_from_base_key,
    keyset_from_paused_state,
    receive_input,
    run_input_subclass_from_type,
    send_input,
)

__all__ = [
    "AutomaticRunInput",
    "BaseRunInput",
    "GetAutomaticInputHandler",
    "GetInputHandler",
    "Keyset",
    "RunInput",
    "RunInputMetadata",
    "acreate_flow_run_input",
    "acreate_flow_run_input_from_model",
    "adelete_flow_run_input",
    "afilter_flow_run_input",
    "aread_flow_run_input",
    "asend_input",
    "create_flow_run_input",
    "create_flow_run_input_from_model",
    "delete_flow_run_input",
    "filter_flow_run_input",
    "keyset_from_base_key",
    "keyset_from_paused_state",
    "read_flow_run_input",
    "receive_input",
    "run_input_subclass_from_type",
    "send_input",
]
