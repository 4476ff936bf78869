"""What `demo.py` shows, in acts, and how it knows that each claim is true.

services.py       processes that can be killed and started again: the registry, the server, the worker, the program
forms.py          what an act needs of whoever runs the workflows
embedded_form.py  ... a program that has the engine in itself, on one file
server_form.py    ... a server and a worker
evidence.py       what the world and the histories say: VMs made, members, events, activities; and the list of checks
crash.py          first act: six nodes are being added when all of that is killed
endings.py        second act: deleted while being added, broken, cancelled, deleted at last
"""
