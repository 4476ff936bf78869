"""What people are told about a run: the answers that the web UI and the command line share.

    Payload -> payload_text       the very bytes, cut with a mark
    Failure -> failure_text       the chain, cause by cause
    events  -> steps              one step per activity, timer, child, ...: when, how long, how it ended
    steps   -> timeline           lanes and bars for a drawing
    DescribeWorkflowExecutionResponse, events, queues, now -> waiting      why the run does not go on

Everything here is pure: no I/O, no clock, no chance; `now` is an argument. In come messages of the API, out come
frozen structs. Instants are integer nanoseconds since the epoch. Nothing is escaped: who prints it to a page or a
terminal does that.

May import: the API types. Start reading at `waiting`.
"""
