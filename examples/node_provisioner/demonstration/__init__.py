"""What `demo.py` shows, in acts, and how it knows that each claim is true.

services.py  the registry, the server and the worker: processes that can be killed and started again
evidence.py  what the world and the histories say: VMs made, members, events, activities; and the list of checks
crash.py     first act: six nodes are being added when the worker and the server are killed
endings.py   second act: deleted while being added, broken, cancelled, deleted at last
"""
