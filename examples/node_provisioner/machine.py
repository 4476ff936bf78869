"""The installation that is this machine: VMs are processes, the cluster is a registry service. All by arguments."""

import argparse
from pathlib import Path

from node_provisioner.installation import Installation
from node_provisioner.interfaces import Publisher
from node_provisioner.processes.provider import ProcessProvider
from node_provisioner.processes.publishers import EventLog, Webhook
from node_provisioner.processes.registry import RegistryCluster


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--directory", type=Path, required=True, help="for the VMs and the event log")
    parser.add_argument("--registry", required=True, help="URL of the cluster's registry")
    parser.add_argument("--webhook", help="URL to post events to, instead of appending them to events.jsonl")
    parser.add_argument("--vm-lifetime-s", type=float, default=86_400, help="a VM ends by itself after this time")


def installation_of(options: argparse.Namespace) -> Installation:
    directory: Path = options.directory
    publisher: Publisher = Webhook(options.webhook) if options.webhook else EventLog(directory / "events.jsonl")
    provider = ProcessProvider(directory / "vms", options.registry, vm_lifetime_s=options.vm_lifetime_s)
    return Installation(provider, RegistryCluster(options.registry), publisher)
