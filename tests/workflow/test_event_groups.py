from __future__ import annotations

from typing import Any

import pytest

from mainspring import workflow
from mainspring.workflow._event_groups import event_group_markers, signal_event_group, update_event_group
from tests.workflow.fake_runtime import in_workflow


def ids() -> list[str]:
    return [marker.label.id for marker in event_group_markers(None)]


async def test_scopes_nest_and_end() -> None:
    with in_workflow():
        outer, inner = workflow.create_event_group("outer"), workflow.create_event_group("inner", label="In")
        with outer.scope(), inner.scope():
            assert ids() == ["outer", "inner"]
            assert event_group_markers(None)[1].label.label.data == b'"In"'
        assert ids() == []


async def test_groups_given_by_hand_join_those_of_the_scope() -> None:
    with in_workflow():
        outer, given = workflow.create_event_group("outer"), workflow.create_event_group("given")
        with outer.scope():
            markers = event_group_markers([given, outer])
    assert [marker.label.id for marker in markers] == ["outer", "given"]


async def test_a_handler_starts_outside_the_scopes_with_a_group_of_its_own() -> None:
    with in_workflow():
        with workflow.create_event_group("outer").scope(), signal_event_group(7).scope():
            signal = event_group_markers(None)
        with update_event_group("u").scope():
            update = event_group_markers(None)
        with signal_event_group(0).scope():
            unknown = event_group_markers(None)
    assert [marker.inbound_event.inbound_event_id for marker in signal] == [7]
    assert [marker.inbound_update.inbound_update_id for marker in update] == ["u"]
    assert unknown == []


async def test_a_group_has_a_name_and_comes_from_create_event_group() -> None:
    other: Any = object()
    with in_workflow():
        with pytest.raises(ValueError, match="id cannot be empty"):
            workflow.create_event_group("")
        with pytest.raises(ValueError, match="label cannot be empty"):
            workflow.create_event_group("a", label="")
        with pytest.raises(TypeError, match=r"must be created with workflow.create_event_group\(\)"):
            event_group_markers([other])
