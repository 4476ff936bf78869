"""Add nodes to a cluster and take them away again: Mainspring's first example, run by `make demo`.

    nodes.py       start AddNode or DeleteNode; the workflow id is the node id
    workflows.py   AddNode, DeleteNode: what happens, in which order, and how it is undone
    activities.py  the seven activities: each does one thing to the world, idempotently by node id
    messages.py    the input and the output of each workflow and activity
    interfaces.py  Provider, Cluster, Publisher: what an installation has to supply
    processes/     the supply for one machine: a VM is a process, the cluster a registry service
    worker.py      `python -m node_provisioner.worker`: offers all of it to a server
    timeline.py    `python -m node_provisioner.timeline NODE`: what the histories of a node say
    demo.py        kills the worker and the server in the middle; its acts are in demonstration/

The activities talk to the interfaces only, so a cloud is one more folder beside `processes`.
Start reading at `workflows.py`.
"""
