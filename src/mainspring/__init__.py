"""Mainspring: a durable execution engine in one process and one SQLite file, speaking Temporal's wire protocol.

    your worker, your client          official SDKs (Go, Python, TypeScript, Java, ...) or the `temporal` CLI
              |  gRPC
      mainspring server start-dev     mainspring.server: everything behind the API, internal
              |
          one SQLite file

Public is what `__all__` of this package lists, and the commands of `mainspring --help`. All else may change any day.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
