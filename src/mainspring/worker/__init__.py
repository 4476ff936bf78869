"""Workers: they poll for tasks, run workflows and activities, and answer."""
