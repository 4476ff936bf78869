"""An example world for people to look at in the web UI, and what serves and photographs it.

serving      a server with the web UI, in this process
world        workflows and activities of a small provisioner: some fail, some wait, some have children
seeding      starts them, and goes on to start more
__main__     `make ui-demo`
screenshots  `make ui-screenshots`: docs/images, light and dark
"""
