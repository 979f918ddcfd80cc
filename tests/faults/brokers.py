"""Real brokers on ports of their own, that can be purged, killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from jobs.queues import on_rabbitmq
from tests.faults.house import House

RABBITMQ = Path("/usr/lib/rabbitmq/bin")
KINDS = ("pgmq", "redis", "rabbitmq")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Pgmq:
    """The queues in the house's own PostgreSQL."""

    url = ""

    def __init__(self, house: House) -> None:
        self.house = house

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def purge(self) -> None:
        self.house.lose_all_bells()

    def drop(self) -> None:
        """Each queue is gone altogether, for two seconds."""
        for queue in self.house.bells:
            self.house.sql(f"ALTER TABLE pgmq.q_{queue} RENAME TO away_{queue}")
        time.sleep(2)
        for queue in self.house.bells:
            self.house.sql(f"ALTER TABLE pgmq.away_{queue} RENAME TO q_{queue}")


class Server:
    """A broker in a process of its own."""

    scheme = ""
    seconds_to_start = 60.0

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/"

    def command(self) -> tuple[list[str], dict[str, str]]:
        raise NotImplementedError

    def start(self) -> None:
        command, more = self.command()
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env={**os.environ, **more}, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + self.seconds_to_start
        while not self.answers():
            assert time.monotonic() < deadline, (self.folder / "broker.log").read_text()[-2000:]
            time.sleep(0.2)

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Killed, with what it started."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None

    def drop(self) -> None:
        """Killed, away for two seconds, and back with nothing."""
        self.stop()
        time.sleep(2)
        self.start()


class Redis(Server):
    scheme = "redis"

    def command(self) -> tuple[list[str], dict[str, str]]:
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                "--dir", str(self.folder)], {}  # fmt: skip

    def purge(self) -> None:
        subprocess.run(
            ["redis-cli", "-p", str(self.port), "flushall"], check=True, capture_output=True
        )


class RabbitMQ(Server):
    scheme = "amqp"
    seconds_to_start = 180.0

    def command(self) -> tuple[list[str], dict[str, str]]:
        nothing = self.folder / "none"
        nothing.write_text("[].")
        self.environment = {
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self.epmd),
            "RABBITMQ_NODENAME": f"touchstone{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(self.dist),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(nothing),
            "RABBITMQ_CONFIG_FILE": str(nothing.with_name("no")),
            "RABBITMQ_CONF_ENV_FILE": str(nothing.with_name("no-env")),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        return [str(RABBITMQ / "rabbitmq-server")], self.environment

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.epmd, self.dist = free_port(), free_port()

    def stop(self) -> None:
        super().stop()
        # The Erlang port mapper leaves the group that started it.
        subprocess.run(
            ["epmd", "-port", str(self.epmd), "-kill"], capture_output=True, check=False,
            env={**os.environ, "ERL_EPMD_RELAXED_COMMAND_CHECK": "1"},
        )  # fmt: skip

    def drop(self) -> None:
        """Killed, and back as a new node without the old one's queues."""
        self.stop()
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        self.start()

    def purge(self) -> None:
        import amqp

        with amqp.Connection(f"127.0.0.1:{self.port}") as link:
            for queue in House.bells:
                channel = link.channel()
                try:
                    channel.queue_purge(on_rabbitmq(queue))
                except amqp.exceptions.NotFound:
                    continue  # nobody has listened or rung yet


Broker = Pgmq | Redis | RabbitMQ


def broker(kind: str, house: House) -> Broker:
    if kind == "pgmq":
        return Pgmq(house)
    return (Redis if kind == "redis" else RabbitMQ)(house.home / kind)
