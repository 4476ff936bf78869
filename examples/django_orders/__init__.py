"""Orders behind Django's ordinary, synchronous views, with a server elsewhere. See README.md."""
