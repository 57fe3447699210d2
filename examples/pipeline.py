"""A pipeline by itself: pages on an event loop, links in processes, fan-out and fan-in.

There is no network here: a client that waits plays the server.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from daybreak import Receiver, Retry, Scope, source

PAGES = 400
LINKS = 5


@dataclass(frozen=True)
class Page:
    url: str
    body: bytes


@dataclass(frozen=True)
class Link:
    page: str
    to: str


class Client:
    """Plays a client: every answer takes 20 ms, and some pages fail at their first attempt."""

    def __init__(self) -> None:
        self.failed: set[str] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.failed.clear()

    async def get(self, url: str) -> bytes:
        """Answer with a few links, one a line."""
        await asyncio.sleep(0.02)
        if url.endswith("7") and url not in self.failed:
            self.failed.add(url)
            raise ConnectionResetError(url)
        number = int(url.rpartition("/")[2])
        lines = (f"http{'s' * (each % 2)}://example.org/{number + each}" for each in range(LINKS))
        return "\n".join(lines).encode()


def urls() -> Iterator[str]:
    for number in range(PAGES):
        yield f"https://example.org/{number}"


async def download(url: str, client: Client) -> Page:
    return Page(url, await client.get(url))


def links(page: Page) -> Iterator[Link]:  # would be heavy: it runs in worker processes
    for line in page.body.splitlines():
        yield Link(page.url, line.decode())


def is_secure(link: Link) -> bool:
    return link.to.startswith("https:")


pipeline = (
    source(urls)
    .map(
        download,
        using=Client,
        workers=16,
        rate="400/s",
        retry=Retry(attempts=3, on=(ConnectionError,), wait_s=0.01),
    )
    .flat_map(links, workers=2, on="process")
    .filter(is_secure)
    .group(300, within_s=2)
)
print(pipeline)
print()

with pipeline.open(deadline_s=60) as batches:  # leaving the block joins every worker
    for batch in batches:
        print(f"{len(batch)} links, the first {batch[0].to}")
print(batches.report.bottleneck)
print()


# The slide's example: two squares, one merge. A generator sends by `yield` and closes by its end;
# nobody else can do either.
def numbers(*values: int) -> Iterator[int]:
    yield from values


def square(received: Receiver[int]) -> Iterator[int]:
    for number in received:
        yield number * number


with Scope(deadline_s=60) as scope:
    first = scope.go(numbers, 1, 2, 3, 4, 5)
    merged = scope.merge(scope.go(square, first), scope.go(square, first))
    print(sorted(merged))
