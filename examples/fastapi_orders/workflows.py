"""An order: charged when somebody has approved it, refused when they say so, forgotten after a day without an answer.

place_order: WAITING -> (decide) -> CHARGED or REFUSED; a day without an answer: EXPIRED
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel

from mainspring import activity, workflow

DECIDE_WITHIN = timedelta(days=1)


class Order(BaseModel):
    item: str
    amount: int


class Stage(StrEnum):
    WAITING = "waiting"
    CHARGED = "charged"
    REFUSED = "refused"
    EXPIRED = "expired"


@activity.defn(start_to_close_timeout=timedelta(seconds=30))
async def charge(order_id: str, order: Order) -> None:
    """Here a payment provider would be asked, with the order's id as its idempotency key."""
    activity.logger.info("charged %s: %d", order_id, order.amount)


@workflow.defn
class PlaceOrder:
    def __init__(self) -> None:
        self.stage = Stage.WAITING
        self.decision: bool | None = None

    @workflow.run
    async def run(self, order: Order) -> Stage:
        try:
            await workflow.wait_condition(lambda: self.decision is not None, timeout=DECIDE_WITHIN)
        except TimeoutError:
            self.stage = Stage.EXPIRED
            return self.stage
        if self.decision:
            await charge(workflow.info().workflow_id, order)
        self.stage = Stage.CHARGED if self.decision else Stage.REFUSED
        return self.stage

    @workflow.signal
    def decide(self, is_approved: bool) -> None:
        """The first decision counts."""
        if self.decision is None:
            self.decision = is_approved

    @workflow.query
    def status(self) -> Stage:
        return self.stage
