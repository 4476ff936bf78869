"""Add nodes to a cluster and take them away again: Mainspring's first example, run by `make demo`.

    nodes.py       add and delete nodes; the workflow id is the node id
    workflows.py   add_node, delete_node: what happens, in which order, and how it is undone
    activities.py  the seven activities: each does one thing to the world, idempotently by node id
    messages.py    the input and the output of each workflow and activity
    interfaces.py  Provider, Cluster, Publisher: what an installation has to supply
    processes/     the supply for one machine: a VM is a process, the cluster a registry service
    installation.py  which supply the activities of this process use; machine.py: the one of this machine, by arguments
    program.py     `python -m node_provisioner.program NODE...`: all of it in one process, on one file
    worker.py      `python -m node_provisioner.worker`: the same workflows and activities, offered to a server
    timeline.py    `python -m node_provisioner.timeline NODE`: what the histories of a node say
    demo.py        kills the program, or the worker and the server, in the middle; its acts are in demonstration/

The activities talk to the interfaces only, so a cloud is one more folder beside `processes`.
Start reading at `workflows.py`.
"""
