"""Figures for Prometheus. Names say the unit."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

CALLBACKS = Histogram(
    'edudesk_callback_seconds',
    'Time to answer a WeCom callback',
    ['status'],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4),
)
DRAFTS = Histogram(
    'edudesk_draft_seconds', 'Time to write a draft', ['outcome'], buckets=(0.1, 0.5, 1, 2, 5, 10, 20, 40, 60)
)
DELIVERIES = Counter('edudesk_delivery_attempts_total', 'Attempts to send a part, by outcome', ['verdict'])
WAITING = Gauge('edudesk_waiting', 'Rows that wait, by kind', ['kind'])
OLDEST_SECONDS = Gauge('edudesk_oldest_waiting_seconds', 'Age of the oldest row that waits, by kind', ['kind'])


def exposition() -> bytes:
    return generate_latest(REGISTRY)
