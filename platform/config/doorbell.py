"""Celery's settings. A message is a wake-up and nothing else: losing every one of them costs
half a minute (docs/jobs.md).

With `BROKER_URL` Celery uses that Redis or RabbitMQ; without it, a queue in our own PostgreSQL
(pgmq, put there by a migration of `jobs`).
"""

from typing import Any

import kombu
from django.conf import settings

from jobs.queues import QUEUE, QUEUES, on_rabbitmq

Exchange: Any = kombu.Exchange  # type: ignore[attr-defined]
Queue: Any = kombu.Queue  # type: ignore[attr-defined]
broker_transport_options: dict[str, Any] = {}

if settings.BROKER_URL:
    broker_url = settings.BROKER_URL
    broker_transport_options = {"socket_connect_timeout": 2, "socket_timeout": 10}
    task_queues = [Queue(name) for name in QUEUES]
    if settings.BROKER_URL.startswith("amqp"):
        # They outlive the loss of a node. A cluster has no other such queues since RabbitMQ 4.
        task_queues = [
            Queue(on_rabbitmq(name), alias=name, queue_arguments={"x-queue-type": "quorum"})
            for name in QUEUES
        ]
elif settings.TESTING:
    broker_url = "memory://"
    task_queues = [Queue(name) for name in QUEUES]
else:
    _db: dict[str, Any] = dict(settings.DATABASES["default"])
    _libpq = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER",
              "password": "PASSWORD"}  # fmt: skip
    broker_url = "pgmq://localhost/"
    broker_transport_options = {
        # In libpq's own words, because a URL cannot name a Unix socket here.
        "conn_string": " ".join(f"{k}={_db[v]}" for k, v in _libpq.items() if _db.get(v)),
        "init_extension": False,  # plain SQL, no extension: see jobs/migrations
        "polling_interval": 0.1,
        "wait_time_seconds": 0,
        "pool_size": 2,
        "pool_timeout": 3,
    }
    # The application's role may not create a table: the queues were made by migrations.
    task_queues = [
        Queue(name, exchange=Exchange(""), routing_key=name, no_declare=True) for name in QUEUES
    ]

task_default_queue = QUEUE
task_default_exchange = ""
task_default_routing_key = QUEUE
task_ignore_result = True
task_acks_late = False  # early: the row is claimed with a lease, the bell has done its work
task_serializer = "json"
accept_content = ["json"]
worker_prefetch_multiplier = 1
worker_consumer = "jobs.worker.consumer:BellConsumer"
worker_enable_remote_control = False
worker_hijack_root_logger = False
worker_redirect_stdouts = False
worker_send_task_events = False
broker_connection_retry = True
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_connection_timeout = 2
broker_heartbeat = 0
