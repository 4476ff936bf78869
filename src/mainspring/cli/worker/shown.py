"""Deployments and their versions as facts.

A deployment has, in JSON, the names that the official command line has given them; a version is the server's answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.deployment.v1 import RoutingConfig, WorkerDeploymentInfo, WorkerDeploymentVersionInfo
from temporalio.api.enums.v1 import TaskQueueType, VersionDrainageStatus

from mainspring.cli.output import Output, Value
from mainspring.cli.output.words import enum_words, instant
from mainspring.cli.task_queue.describe import plain

NEVER: Final = "0001-01-01T00:00:00Z"


def deployment_json(info: Any, *, routing: RoutingConfig, summaries: Iterable[Any]) -> dict[str, Value]:
    """Of a deployment, or of its entry in a list, which has neither identities nor versions."""
    versions: list[Value] = [
        {
            "deploymentName": one.deployment_version.deployment_name,
            "BuildID": one.deployment_version.build_id,
            "drainageStatus": drainage_words(one.drainage_status),
            "createTime": stamp(one.create_time),
        }
        for one in summaries
    ]
    return {
        "name": info.name,
        "createTime": stamp(info.create_time),
        "lastModifierIdentity": getattr(info, "last_modifier_identity", ""),
        "routingConfig": routing_json(routing),
        "versionSummaries": versions or None,
        "managerIdentity": getattr(info, "manager_identity", ""),
    }


def routing_json(routing: RoutingConfig) -> dict[str, Value]:
    current, ramping = routing.current_deployment_version, routing.ramping_deployment_version
    return {
        "currentVersionDeploymentName": current.deployment_name,
        "currentVersionBuildID": current.build_id,
        "rampingVersionDeploymentName": ramping.deployment_name,
        "rampingVersionBuildID": ramping.build_id,
        "rampingVersionPercentage": plain(routing.ramping_version_percentage),
        "currentVersionChangedTime": stamp(routing.current_version_changed_time),
        "rampingVersionChangedTime": stamp(routing.ramping_version_changed_time),
        "rampingVersionPercentageChangedTime": stamp(routing.ramping_version_percentage_changed_time),
    }


def show_deployment(output: Output, info: WorkerDeploymentInfo, title: str = "Worker Deployment:") -> None:
    """A deployment as text."""
    output.heading(title)
    output.card(
        {
            "Name": info.name,
            "CreateTime": instant(info.create_time),
            "LastModifierIdentity": info.last_modifier_identity or None,
            "ManagerIdentity": info.manager_identity or None,
            **routing_facts(info.routing_config),
        }
    )
    if info.version_summaries:
        output.line()
        output.heading("Version Summaries:")
        rows = [
            [
                one.deployment_version.deployment_name,
                one.deployment_version.build_id,
                drainage_words(one.drainage_status),
                instant(one.create_time),
            ]
            for one in info.version_summaries
        ]
        output.table(("DeploymentName", "BuildID", "DrainageStatus", "CreateTime"), rows)


def routing_facts(routing: RoutingConfig) -> dict[str, Value]:
    current, ramping = routing.current_deployment_version, routing.ramping_deployment_version
    return {
        "CurrentVersionDeploymentName": current.deployment_name or None,
        "CurrentVersionBuildID": current.build_id or None,
        "RampingVersionDeploymentName": ramping.deployment_name or None,
        "RampingVersionBuildID": ramping.build_id or None,
        "RampingVersionPercentage": plain(routing.ramping_version_percentage) or None,
    }


def show_version(output: Output, info: WorkerDeploymentVersionInfo) -> None:
    """A version as text."""
    version = info.deployment_version
    output.heading("Worker Deployment Version:")
    output.card(
        {
            "DeploymentName": version.deployment_name,
            "BuildID": version.build_id,
            "CreateTime": instant(info.create_time),
            "RoutingChangedTime": instant(info.routing_changed_time),
            "CurrentSinceTime": instant(info.current_since_time),
            "RampingSinceTime": instant(info.ramping_since_time),
            "RampPercentage": plain(info.ramp_percentage) or None,
            "DrainageStatus": drainage_words(info.drainage_info.status) or None,
            "DrainageLastChangedTime": instant(info.drainage_info.last_changed_time),
            "DrainageLastCheckedTime": instant(info.drainage_info.last_checked_time),
            "Metadata": info.metadata if info.metadata.entries else None,
        }
    )
    if info.task_queue_infos:
        output.line()
        output.heading("Task Queues:")
        rows = [[one.name, enum_words(TaskQueueType, one.type).lower()] for one in info.task_queue_infos]
        output.table(("Name", "Type"), rows)


def drainage_words(number: int) -> str:
    return enum_words(VersionDrainageStatus, number).lower() if number else "unspecified"


def stamp(value: Timestamp) -> Value:
    """The time with all its digits; the year 1 for one that is not set."""
    return value if value.seconds or value.nanos else NEVER
