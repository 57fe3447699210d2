"""Channels: who is woken, and what is counted."""

from __future__ import annotations

import threading

import pytest

from daybreak.pipeline import Block, Receiver, Scope
from daybreak.pipeline.buffers import Blocks, Filling, Items
from daybreak.pipeline.channel import Channel, Drained, Stopped

LONG_S = 30.0  # a deadline that only a deadlock reaches


def test_a_wake_up_is_passed_on_by_a_thread_that_was_cancelled_meanwhile() -> None:
    """One thread is woken for a record and cancelled at the same moment: the other must get it."""
    inner_scopes: list[Scope] = []
    received: list[int] = []

    def waits_in_a_scope_of_its_own(receiver: Receiver[int]) -> None:
        with Scope() as inner:
            inner_scopes.append(inner)
            received.extend(receiver)

    def waits(receiver: Receiver[int]) -> None:
        received.extend(receiver)

    with Scope(deadline_s=LONG_S) as scope:
        channel: Channel[int, int] = scope.channel(Items(10))
        sender = channel.sender()
        scope.start(waits_in_a_scope_of_its_own, Receiver(channel))
        wait_until_parked(scope, 1)
        scope.start(waits, Receiver(channel))
        wait_until_parked(scope, 2)
        with scope.waits.lock:
            sender.send(7)
            inner_scopes[0].cancel()
        while not received:
            assert not scope.wait(0.001)
        sender.close()

    assert [7] == received


def wait_until_parked(scope: Scope, threads: int) -> None:
    """Wait until so many threads wait on channels."""
    while len(scope.waits._waiting) < threads:
        assert not scope.wait(0.001)


def test_a_thread_that_leaves_records_over_wakes_the_next() -> None:
    together = threading.Barrier(3, timeout=LONG_S)
    numbers: list[int] = []

    def take_one(channel: Channel[Block[int], Block[int]]) -> None:
        numbers.extend(channel.receive(1).values)
        together.wait()

    with Scope(deadline_s=LONG_S) as scope:
        channel = scope.channel(Blocks())
        sender = channel.sender()
        for _ in range(3):
            scope.start(take_one, channel)
        wait_until_parked(scope, 3)
        sender.send(Block([7, 8, 9], range(3)))

    assert [7, 8, 9] == sorted(numbers)


def test_who_waits_begins_to_look_when_a_block_is_being_filled() -> None:
    """Nobody tells of its records, and when the waiting began there was no such block."""
    received: list[int] = []

    def take(channel: Channel[Block[int], Block[int]]) -> None:
        received.extend(channel.receive(1).values)

    with Scope(deadline_s=LONG_S) as scope:
        buffer = Blocks()
        channel = scope.channel(buffer)
        sender = channel.sender()
        scope.start(take, channel)
        wait_until_parked(scope, 1)
        filling = Filling(0, 10)
        with scope.waits.lock:
            buffer.fill(filling)
            channel.wake()
        filling.values.append(7)
        while not received:
            assert not scope.wait(0.001)
        sender.close()

    assert [7] == received


def test_the_last_sender_out_closes() -> None:
    with Scope() as scope:
        channel: Channel[int, int] = scope.channel(Items(10))
        first, second = channel.sender(), channel.sender()
        first.send(1)
        first.close()
        first.close()
        second.send(2)
        assert [1, 2] == [channel.receive(), channel.receive()]
        second.close()
        with pytest.raises(Drained):
            channel.receive()


def test_a_stopped_channel_takes_nothing_more_and_gives_what_it_has() -> None:
    with Scope() as scope:
        channel: Channel[int, int] = scope.channel(Items(10))
        sender = channel.sender()
        sender.send(1)
        channel.stop()
        with pytest.raises(Stopped):
            sender.send(2)
        assert 1 == channel.receive()
        with pytest.raises(Drained):
            channel.receive()


def test_stopping_wakes_a_sender_that_waits_for_room() -> None:
    outcome: list[str] = []

    def send_two(channel: Channel[int, int]) -> None:
        sender = channel.sender()
        sender.send(1)
        try:
            sender.send(2)
        except Stopped:
            outcome.append("stopped")

    with Scope(deadline_s=LONG_S) as scope:
        channel: Channel[int, int] = scope.channel(Items(1))
        scope.start(send_two, channel)
        wait_until_parked(scope, 1)
        channel.stop()

    assert ["stopped"] == outcome
    assert 1 == channel.records_peak


def test_a_sender_counts_the_seconds_it_was_blocked() -> None:
    with Scope(deadline_s=LONG_S) as scope:
        receiver = scope.go(iter, [1])
        assert [1] == list(receiver)
        channel: Channel[int, int] = scope.channel(Items(1))
        sender = channel.sender()
        sender.send(1)
        assert 0.0 == sender.blocked_s
        scope.start(sender.send, 2)
        wait_until_parked(scope, 1)
        scope.wait(0.02)
        assert 1 == channel.receive()

    assert sender.blocked_s >= 0.02
