"""What one run may change of itself, and what it remembers: memo, search attributes, versions of code, chance.

Versions of code are told by markers: a patch is there or not, a change has a number, a side effect has a value. Each is
asked for once per run; the first answer holds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any, cast

from temporalio.api.command.v1 import (
    ModifyWorkflowPropertiesCommandAttributes,
    UpsertWorkflowSearchAttributesCommandAttributes,
)
from temporalio.api.common.v1 import Payload

from mainspring.common import (
    SearchAttributeIndexedValueType,
    SearchAttributeKey,
    SearchAttributePair,
    SearchAttributes,
    SearchAttributeUpdate,
    SearchAttributeValues,
)
from mainspring.common._arguments import arg_unset
from mainspring.converter import encode_search_attribute_values, encode_typed_search_attribute_value
from mainspring.replay import requests
from mainspring.replay.activation import NotifyHasPatch, RecordedSideEffect, RecordedVersion, UpdateRandomSeed
from mainspring.replay.seed import seed_of
from mainspring.worker._run_state import RunState
from mainspring.workflow._event_groups import EventGroup, event_group_markers
from mainspring.workflow._unsafe import unsafe

KEYWORD_LIST = SearchAttributeIndexedValueType.KEYWORD_LIST
BEFORE_VERSIONS = -1


class Properties:
    """See the module."""

    def __init__(self, state: RunState, seeded_by: str) -> None:
        self._state = state
        self._memo: dict[str, Any] | None = None  # decoded when first asked for
        self._patches_in_history: set[str] = set()
        self._patches: dict[str, bool] = {}  # what workflow code was told
        self._versions: dict[str, int] = {}
        self._versions_asked: set[str] = set()
        self._side_effects: dict[int, Payload] = {}  # of the history, not yet asked for
        self._seeded_by = seeded_by
        self._seed: int | None = None  # computed when it is first asked for: most runs need no chance
        self._random: random.Random | None = None  # likewise
        self.seed_callbacks: list[Callable[[int], None]] = []

    # -- jobs

    def notify_patch(self, job: NotifyHasPatch) -> None:
        self._patches_in_history.add(job.patch_id)

    def recorded_version(self, job: RecordedVersion) -> None:
        self._versions[job.change_id] = job.version

    def recorded_side_effect(self, job: RecordedSideEffect) -> None:
        self._side_effects[job.side_effect_id] = job.value

    def update_seed(self, job: UpdateRandomSeed) -> None:
        self._seeded_by, self._seed = job.seeded_by, None
        if self._random is not None:
            self._random.seed(self.seed)
        for callback in self.seed_callbacks:
            callback(self.seed)

    # -- chance

    @property
    def seed(self) -> int:
        """Of the run's random numbers."""
        if self._seed is None:
            self._seed = seed_of(self._seeded_by)
        return self._seed

    @property
    def random(self) -> random.Random:
        """The run's random numbers."""
        if self._random is None:
            self._random = random.Random(self.seed)  # noqa: S311 - replay needs the same numbers again
        return self._random

    # -- versions of code

    def patch(self, patch_id: str, *, deprecated: bool, event_groups: Sequence[EventGroup] | None) -> bool:
        state = self._state
        state.assert_may_act("patch")
        known = self._patches.get(patch_id)
        if known is not None:
            return known
        is_used = self._is_patch_used(patch_id, deprecated=deprecated)
        self._patches[patch_id] = is_used
        if is_used:
            markers = event_group_markers(event_groups)
            state.ask(requests.SetPatch(patch_id=patch_id, deprecated=deprecated, event_groups=markers))
        return is_used

    def _is_patch_used(self, patch_id: str, *, deprecated: bool) -> bool:
        if patch_id in self._patches_in_history:
            return True
        if deprecated or self._state.is_replaying or self._state.details.patch_activation is None:
            return not self._state.is_replaying
        with self._state.read_only(in_query_or_validator=False):
            answer = self._state.details.patch_activation(self._state.info, patch_id)
        if answer not in {True, False}:  # users write it, and None would pass for False
            raise TypeError("Patch activation callback must return true or false")
        return answer

    def version(self, change_id: str, min_supported: int, max_supported: int) -> int:
        """The version of a change that this run has taken.

        Raises:
            RuntimeError: The history has a version that the code no longer supports; the workflow task fails.
        """
        state = self._state
        state.assert_may_act("get version")
        if change_id not in self._versions_asked:
            self._versions_asked.add(change_id)
            is_in_history = change_id in self._versions
            unrecorded = BEFORE_VERSIONS if state.is_replaying else max_supported
            version = self._versions.setdefault(change_id, unrecorded)
            if is_in_history or not state.is_replaying:
                state.ask(requests.SetVersion(change_id=change_id, version=version))
        return self._supported(change_id, min_supported, max_supported)

    def _supported(self, change_id: str, min_supported: int, max_supported: int) -> int:
        version = self._versions[change_id]
        if not min_supported <= version <= max_supported:
            raise RuntimeError(
                f"this run has version {version} of change {change_id!r}, and the code supports {min_supported} to "
                f"{max_supported}: keep the code of that version until no run of it is open"
            )
        return version

    def side_effect(self, fn: Callable[[], Any], type_hint: type | None) -> Any:
        """What `fn` gave when the run first came here."""
        state = self._state
        state.assert_may_act("side effect")
        number = state.next_seq("side_effect")
        payload = self._side_effects.pop(number, None)
        if payload is None:
            with state.read_only(in_query_or_validator=False), unsafe.sandbox_unrestricted():
                payload = state.encode(fn())
        state.ask(requests.RecordSideEffect(side_effect_id=number, value=payload))
        return state.decode([payload], [type_hint] if type_hint else None)[0]

    # -- memo

    def memo(self) -> Mapping[str, Any]:
        if self._memo is None:
            converter = self._state.converters.payload
            self._memo = {key: converter.from_payload(payload) for key, payload in self._state.info.raw_memo.items()}
        return self._memo

    def memo_value(self, key: str, default: Any, type_hint: type | None) -> Any:
        payload = self._state.info.raw_memo.get(key)
        if payload is None:
            if default is arg_unset:
                raise KeyError(f"Memo does not have a value for key {key}")
            return default
        return self._state.decode([payload], [type_hint] if type_hint else None)[0]

    def upsert_memo(self, updates: Mapping[str, Any], event_groups: Sequence[EventGroup] | None) -> None:
        """Set values, and remove those that are None; also ones that are not there, so that it shows in the history."""
        if not updates:
            return
        converter = self._state.converters.payload
        payloads = {key: converter.to_payload(value) for key, value in updates.items()}
        attributes = ModifyWorkflowPropertiesCommandAttributes()
        for key, payload in payloads.items():
            attributes.upserted_memo.fields[key].CopyFrom(payload)
        markers = event_group_markers(event_groups)
        self._state.ask(requests.ModifyProperties(attributes=attributes, event_groups=markers))
        raw = cast("MutableMapping[str, Payload]", self._state.info.raw_memo)
        for key, value in updates.items():
            if value is None:
                raw.pop(key, None)
            else:
                raw[key] = payloads[key]
        self._memo = None

    # -- search attributes

    def upsert_search_attributes(
        self,
        attributes: SearchAttributes | Sequence[SearchAttributeUpdate[Any]],
        event_groups: Sequence[EventGroup] | None,
    ) -> None:
        command = UpsertWorkflowSearchAttributesCommandAttributes()
        fields = command.search_attributes.indexed_fields
        if isinstance(attributes, Mapping):
            for key, values in attributes.items():
                fields[key].CopyFrom(encode_search_attribute_values(values))
        else:
            for update in attributes:
                fields[update.key.name].CopyFrom(encode_typed_search_attribute_value(update.key, update.value))
        markers = event_group_markers(event_groups)
        self._state.ask(requests.UpsertSearchAttributes(attributes=command, event_groups=markers))
        if isinstance(attributes, Mapping):
            for key, values in attributes.items():
                self._keep_untyped(key, values)
        else:
            for update in attributes:
                self._keep_typed(update)

    def _keep_untyped(self, name: str, values: SearchAttributeValues) -> None:
        """The typed twin of an untyped value is guessed from the value; one that cannot be is left out."""
        self._untyped[name] = values
        self._set_pair(name, None)
        key = SearchAttributeKey._guess_from_untyped_values(name, values) if values else None
        if key is None:
            return
        if key.indexed_value_type == KEYWORD_LIST:
            self._set_pair(name, SearchAttributePair(key, cast("Any", values)))
        elif len(values) == 1:
            self._set_pair(name, SearchAttributePair(key, cast("Any", values[0])))

    def _keep_typed(self, update: SearchAttributeUpdate[Any]) -> None:
        name, value = update.key.name, update.value
        if value is None:
            self._untyped[name] = cast("list[str]", [])
            self._set_pair(name, None)
            return
        is_list = update.key.indexed_value_type == KEYWORD_LIST
        self._untyped[name] = list(value) if is_list else [value]
        self._set_pair(name, SearchAttributePair(update.key, value))

    @property
    def _untyped(self) -> MutableMapping[str, SearchAttributeValues]:
        """`info.search_attributes`, which only the run itself may change."""
        return cast("MutableMapping[str, SearchAttributeValues]", self._state.info.search_attributes)

    def _set_pair(self, name: str, pair: SearchAttributePair[Any] | None) -> None:
        pairs = cast(
            "MutableSequence[SearchAttributePair[Any]]",
            self._state.info.typed_search_attributes.search_attributes,
        )
        at = next((index for index, one in enumerate(pairs) if one.key.name == name), None)
        if at is None:
            if pair is not None:
                pairs.append(pair)
        elif pair is None:
            del pairs[at]
        else:
            pairs[at] = pair
