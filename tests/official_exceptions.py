"""Where ours is meant to differ from the official SDK, and why. One entry covers a name and all that belongs to it.

An entry that covers no difference fails tests/sdk/test_official_names.py, as does a module that is listed as pending
and lacks nothing any more. `make generate` writes docs/reference/official-names.md from this file.
"""

from __future__ import annotations

from tests.official_names import covering, official_modules

WITHOUT_MODULES = {  # modules of the official SDK that ours has not
    "contrib.aws": "made for one cloud",
    "contrib.deepagents": "made for one library",
    "contrib.gcp": "made for one cloud",
    "contrib.google_adk_agents": "made for one library",
    "contrib.google_genai": "made for one library",
    "contrib.langgraph": "made for one library",
    "contrib.langsmith": "made for one library",
    "contrib.openai_agents": "made for one library",
    "contrib.strands": "made for one library",
    "contrib.workflow_streams": "not yet",
    "nexus.notifications": "not for users: generated",
    "nexus.system": "not for users: generated",
}

PENDING: dict[str, str] = {}  # modules that are being written, and why: what they lack does not fail

RUNNERS = [  # what a workflow runner of one's own would make runs with
    "worker.UnsandboxedWorkflowRunner.create_instance",
    "worker.WorkflowInstance",
    "worker.WorkflowInstanceDetails",
    "worker.WorkflowRunner.create_instance",
    "worker.workflow_sandbox.SandboxedWorkflowRunner.create_instance",
]

SANDBOX = [  # what applies restrictions
    "worker.workflow_sandbox.SandboxMatcher.access_matcher",
    "worker.workflow_sandbox.SandboxMatcher.child_matcher",
    "worker.workflow_sandbox.SandboxMatcher.match_access",
]

EXCEPTIONS = {  # names, from the module on
    "client.Callback": "of operations that are carried out by updates, which workers do not serve yet",
    **dict.fromkeys(
        (
            "client.Client.execute_workflow",
            "client.Client.start_workflow",
            "client.WithStartWorkflowOperation",
        ),
        "a client may have a default task queue: `task_queue` may be left out",
    ),
    **dict.fromkeys(RUNNERS, "runs are made by the worker: a runner may prepare workflows only"),
    **dict.fromkeys(SANDBOX, "there is no sandbox: restrictions are accepted and restrict nothing"),
    "service.LOG_PROTOS": "a switch for those who work on the official SDK",
    "service.logger": "the log of the connection is the runtime's",
    "plugin.T": "a type variable of the module's own",
    "testing.TimeSkipper": "time skips for a whole environment, not for each workflow yet",
    "testing.TimeSkippingConfig": "time skips for a whole environment, not for each workflow yet",
    "testing.WorkflowEnvironment.fast_forward": "time skips for a whole environment, not for each workflow yet",
    "testing.WorkflowEnvironment.get_time_skipping_info": "time skips for a whole environment, not for each yet",
    "testing.WorkflowEnvironment.start_time_skipping_v2": "time skips for a whole environment, not for each yet",
    "testing.WorkflowEnvironment.with_time_skipping_disabled": "time skips for a whole environment, not for each yet",
    "runtime.LogForwardingConfig.relativeCreated": "the official SDK sets it by mistake: it belongs to the record",
    "types.MethodAsyncNoParam": "the receiver may have any name, not just `self`",
    "types.MethodSyncNoParam": "the receiver may have any name, not just `self`",
    "worker.WorkflowOutboundInterceptor.start_signal_with_start_workflow": "see `workflow.signal_with_start_workflow`",
    "workflow.signal_with_start_workflow": "an operation of the server's own, by Nexus, which is not called yet",
}


def compared_modules() -> list[str]:
    """The official modules whose names ours has, or will have. `contrib` is an empty package."""
    return [name for name in official_modules() if name != "contrib" and covering(name, WITHOUT_MODULES) is None]
