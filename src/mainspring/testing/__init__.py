"""Test workflows and activities.

    async with await WorkflowEnvironment.start_time_skipping() as env:      a month of timers takes a moment
        async with Worker(env.client, task_queue="q", workflows=[AddNode], activities=[mocked(create_vm, fake_vm)]):
            await env.client.execute_workflow(AddNode.run, id="n1", task_queue="q")

    await ActivityEnvironment().run(create_vm, order)                       an activity alone, without any server

    _workflow       WorkflowEnvironment, over any server      _local      the engine in this process, with a port
    _time_skipping  the same with a time that skips           _waits      the calls that let it skip
    _activity       ActivityEnvironment                       _mocks      activities replaced
    pytest_plugin   fixtures; pytest finds it by itself

Environments run the engine itself, in memory: what works on a server works in a test. May import: every room of the
SDK, and `_embedded`, which opens engines. Begin reading in _workflow.py.
"""

from mainspring.testing._activity import ActivityEnvironment
from mainspring.testing._mocks import mocked
from mainspring.testing._workflow import WorkflowEnvironment

__all__ = ["ActivityEnvironment", "WorkflowEnvironment", "mocked"]
