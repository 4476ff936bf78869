"""What a command prints, on standard output and nowhere else.

    Output --json, jsonl-->  proto_json      messages and plain records, exact
           --text-->         plain           aligned columns, for pipes
                             terminal        the same with `rich`: colours, tables, trees
           --none-->         nothing

A command says what there is (`record`, `table`, `message`, `heading`, ...); the output knows the format that was asked
for. Headings and lines are text only, so that JSON is always valid. Start reading at `_output.py`.
"""

from mainspring.cli.output._output import Format, Output
from mainspring.cli.output._text import Branch, Cell, Value

__all__ = ["Branch", "Cell", "Format", "Output", "Value"]
