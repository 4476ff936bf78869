"""Spans that were exported, as text that can be compared: what hangs on what, in order of name."""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Recorder:
    """A tracer, and what it made."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("tests")

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def tree(self) -> list[str]:
        """One line per span, indented below its parent; status and linked spans behind the name."""
        return tree(self.spans)


def tree(spans: Iterable[ReadableSpan]) -> list[str]:
    """See `Recorder.tree`. Every span has one id of its own, and every parent is there."""
    all_spans = list(spans)
    by_id = {id_of(span): span for span in all_spans}
    assert len(by_id) == len(all_spans), "two spans have one id"
    children: dict[int | None, list[ReadableSpan]] = {}
    for span in all_spans:
        parent = span.parent.span_id if span.parent else None
        assert parent is None or parent in by_id, f"the parent of {span.name} is missing"
        children.setdefault(parent, []).append(span)

    def below(parent: int | None) -> list[str]:
        blocks = [
            [described(span, by_id), *(f"  {line}" for line in below(id_of(span)))] for span in children.get(parent, [])
        ]
        return [line for block in sorted(blocks) for line in block]

    return below(None)


def id_of(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id


def described(span: ReadableSpan, by_id: dict[int, ReadableSpan]) -> str:
    words = [span.name, span.kind.name.lower()]
    if not span.status.is_unset:
        words.append(f"{span.status.status_code.name}({span.status.description})")
    words += [f"event={event.name}" for event in span.events]
    words += [f"links={by_id[link.context.span_id].name}" for link in span.links]
    words.append(",".join(sorted(span.attributes or {})))
    return " ".join(words)
