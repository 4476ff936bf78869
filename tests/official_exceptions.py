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
    "contrib.opentelemetry": "not yet",
    "contrib.strands": "made for one library",
    "contrib.workflow_streams": "not yet",
    "nexus.notifications": "not for users: generated",
    "nexus.system": "not for users: generated",
}

PENDING = {  # modules that are being written: what they lack does not fail
    "client": "being written",
    "nexus": "comes with Nexus",
    "plugin": "being written",
    "service": "being written",
    "testing": "being written",
    "worker": "being written",
    "worker.workflow_sandbox": "being written",
}

EXCEPTIONS = {  # names, from the module on
    "runtime.LogForwardingConfig.relativeCreated": "the official SDK sets it by mistake: it belongs to the record",
    "types.MethodAsyncNoParam": "the receiver may have any name, not just `self`",
    "types.MethodSyncNoParam": "the receiver may have any name, not just `self`",
    "workflow.NexusClient": "comes with Nexus",
    "workflow.NexusOperationHandle": "comes with Nexus",
    "workflow.create_nexus_client": "comes with Nexus",
    "workflow.signal_with_start_workflow": "comes with Nexus, by which the server is asked",
    "converter.DataConverter.__init__": "external storage is not here yet",
    "converter.DataConverter.external_storage": "external storage is not here yet",
    "converter.ExternalStorage": "external storage is not here yet",
    "converter.StorageDriver": "external storage is not here yet",
    "converter.StorageDriverActivityInfo": "external storage is not here yet",
    "converter.StorageDriverClaim": "external storage is not here yet",
    "converter.StorageDriverRetrieveContext": "external storage is not here yet",
    "converter.StorageDriverSelectContext": "external storage is not here yet",
    "converter.StorageDriverStoreContext": "external storage is not here yet",
    "converter.StorageDriverWorkflowInfo": "external storage is not here yet",
    "converter.StorageWarning": "external storage is not here yet",
}


def compared_modules() -> list[str]:
    """The official modules whose names ours has, or will have. `contrib` is an empty package."""
    return [name for name in official_modules() if name != "contrib" and covering(name, WITHOUT_MODULES) is None]
