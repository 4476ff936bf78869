"""Nodes, a cluster and a publisher on one machine, so that everything is real and nothing is rented.

    agent.py       a VM: a process with an HTTP health endpoint, that joins the cluster by itself
    provider.py    ProcessProvider: starts, finds and ends agents
    registry.py    the cluster: a service that keeps its members in a file; RegistryCluster asks it
    publishers.py  EventLog (a file of JSON lines) and Webhook
    loopback.py    the small HTTP server and client that they share

An agent is a child of nobody: it lives on when the worker that started it dies.
"""
