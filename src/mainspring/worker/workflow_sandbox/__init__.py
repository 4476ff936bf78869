"""Names of the official SDK's sandbox. There is none here: they are accepted, and restrict nothing.

    Worker(client, ..., workflow_runner=SandboxedWorkflowRunner(SandboxRestrictions.default))    runs as without

The official sandbox imports the modules of workflow code again for each run, and puts proxies around what is not
deterministic. It is slow, and breaks what compares classes by identity. Here, workflow code is the code that was
imported; what it may not do is found without a second import. Restrictions can still be built and combined, so that
programs which do so need no change.

`RestrictedWorkflowAccessError` and `UnintentionalPassthroughError` are there to be caught; nothing here raises them.
"""

from mainspring.worker._sandbox_restrictions import (
    RestrictedWorkflowAccessError,
    SandboxMatcher,
    SandboxRestrictions,
    UnintentionalPassthroughError,
)
from mainspring.worker._workflow_runner import SandboxedWorkflowRunner

__all__ = [
    "RestrictedWorkflowAccessError",
    "SandboxMatcher",
    "SandboxRestrictions",
    "SandboxedWorkflowRunner",
    "UnintentionalPassthroughError",
]
