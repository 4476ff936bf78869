"""The store without a database: see the room's page, `persistence/__init__.py`."""
