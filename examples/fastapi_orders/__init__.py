"""Orders that wait for an approval, behind FastAPI, with the engine in the same process. See README.md."""
