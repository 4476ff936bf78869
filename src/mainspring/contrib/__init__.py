"""Integrations with other libraries, each of which has to be installed for its module to be imported."""
