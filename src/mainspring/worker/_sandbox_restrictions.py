"""Restrictions of the official SDK's sandbox as values: built, combined and compared, and applied nowhere.

The names and fields are the official ones, so that programs which build restrictions need no change.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mainspring.exceptions import TemporalError
from mainspring.workflow._exceptions import NondeterminismError
from mainspring.workflow._unsafe import SandboxImportNotificationPolicy

NO_NAMES: Any = frozenset[str]()  # the official default, which is typed as a set


class RestrictedWorkflowAccessError(NondeterminismError):
    """Workflow code reached something that is not deterministic."""

    def __init__(self, qualified_name: str, *, override_message: str | None = None) -> None:
        super().__init__(override_message or self.default_message(qualified_name))
        self.qualified_name = qualified_name

    @staticmethod
    def default_message(qualified_name: str) -> str:
        """What the error says if nothing else is given."""
        return (
            f"Cannot access {qualified_name} from inside a workflow. If this is code from a module not used in a "
            "workflow or known to only be used deterministically from a workflow, mark the import as pass through."
        )


class UnintentionalPassthroughError(TemporalError):
    """A module was not imported again, though nobody said that it need not be."""

    def __init__(self, qualified_name: str) -> None:
        super().__init__(f"Module {qualified_name} was not intentionally passed through to the sandbox.")


@dataclass(frozen=True)
class SandboxMatcher:
    """Names of modules and members, as a tree."""

    @classmethod
    def nested_child(cls, path: Sequence[str], child: SandboxMatcher) -> SandboxMatcher:
        """A matcher with `child` at the end of a path."""
        for key in reversed(path):
            child = cls(children={key: child})
        return child

    access: set[str] = NO_NAMES
    """Names that match when they are reached; `*` stands for all."""
    use: set[str] = NO_NAMES
    """Names that match when they are called."""
    children: Mapping[str, SandboxMatcher] = dataclasses.field(default_factory=dict[str, "SandboxMatcher"])
    match_self: bool = False
    only_runtime: bool = False
    leaf_message: str | None = None
    leaf_warning: type[Warning] | None = None
    exclude: set[str] = NO_NAMES

    all: ClassVar[SandboxMatcher]
    all_runtime: ClassVar[SandboxMatcher]
    none: ClassVar[SandboxMatcher]
    all_uses: ClassVar[SandboxMatcher]
    all_uses_runtime: ClassVar[SandboxMatcher]

    def __post_init__(self) -> None:
        if self.leaf_message and not self.match_self:
            raise ValueError("Cannot set leaf_message without match_self")
        if self.leaf_warning and not self.match_self:
            raise ValueError("Cannot set leaf_warning without match_self")

    def __or__(self, other: SandboxMatcher) -> SandboxMatcher:
        """What either matches."""
        if self.only_runtime != other.only_runtime:
            raise ValueError("Cannot combine only-runtime and non-only-runtime")
        if self.leaf_message != other.leaf_message:
            raise ValueError("Cannot combine different messages")
        if self.leaf_warning != other.leaf_warning:
            raise ValueError("Cannot combine different warning values")
        if self.match_self or other.match_self:
            return SandboxMatcher.all
        children = dict(self.children)
        for name, child in other.children.items():
            children[name] = children[name] | child if name in children else child
        return dataclasses.replace(
            self, access=self.access | other.access, use=self.use | other.use, children=children, exclude=NO_NAMES
        )

    def with_child_unrestricted(self, *child_path: str) -> SandboxMatcher:
        """A matcher that does not match what is at the path."""
        name, *rest = child_path
        children = dict(self.children)
        if rest:
            if name in children:
                children[name] = children[name].with_child_unrestricted(*rest)
            return dataclasses.replace(self, children=children)
        children.pop(name, None)
        return dataclasses.replace(self, access=self.access - {name}, use=self.use - {name}, children=children)


SandboxMatcher.all = SandboxMatcher(match_self=True)
SandboxMatcher.all_runtime = SandboxMatcher(match_self=True, only_runtime=True)
SandboxMatcher.none = SandboxMatcher()
SandboxMatcher.all_uses = SandboxMatcher(use={"*"})
SandboxMatcher.all_uses_runtime = SandboxMatcher(use={"*"}, only_runtime=True)


@dataclass(frozen=True)
class SandboxRestrictions:
    """What the official sandbox would import again, and what it would refuse. Without effect here."""

    passthrough_modules: set[str]
    invalid_modules: SandboxMatcher
    invalid_module_members: SandboxMatcher
    import_notification_policy: SandboxImportNotificationPolicy = SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
    passthrough_all_modules: bool = False
    disable_lazy_sys_module_passthrough: bool = False

    passthrough_modules_minimum: ClassVar[set[str]] = set()
    passthrough_modules_with_temporal: ClassVar[set[str]] = {"mainspring", "temporalio", "google.protobuf"}
    passthrough_modules_maximum: ClassVar[set[str]] = passthrough_modules_with_temporal
    passthrough_modules_default: ClassVar[set[str]] = passthrough_modules_maximum
    invalid_module_members_default: ClassVar[SandboxMatcher] = SandboxMatcher.none
    default: ClassVar[SandboxRestrictions]

    def with_passthrough_modules(self, *modules: str) -> SandboxRestrictions:
        """With more modules that need not be imported again."""
        return dataclasses.replace(self, passthrough_modules=self.passthrough_modules | set(modules))

    def with_passthrough_all_modules(self) -> SandboxRestrictions:
        """With no module imported again."""
        return dataclasses.replace(self, passthrough_all_modules=True)

    def with_import_notification_policy(self, policy: SandboxImportNotificationPolicy) -> SandboxRestrictions:
        """With another policy."""
        return dataclasses.replace(self, import_notification_policy=policy)


SandboxRestrictions.default = SandboxRestrictions(
    passthrough_modules=SandboxRestrictions.passthrough_modules_default,
    invalid_modules=SandboxMatcher.none,
    invalid_module_members=SandboxRestrictions.invalid_module_members_default,
)
