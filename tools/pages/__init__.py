"""Pages of the documentation that are made from the code, one module each: `text()` gives the whole page."""
