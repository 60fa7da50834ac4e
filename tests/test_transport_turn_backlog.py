"""What waits on the way to a TURN server by TCP is bounded."""

import asyncio
import socket

from aioice import stun
from aioice.turn import TurnClientTcpProtocol

from presence.transport.turn_backlog import BACKLOG_BYTES, bound_turn_backlog

RELAYED = b"\x40\x00\x04\x00" + bytes(1024)
TOLD = bytes(stun.Message(stun.Method.REFRESH, stun.Class.REQUEST))


def test_where_tcp_does_not_get_through_little_waits_and_the_server_is_still_told():
    bound_turn_backlog()
    bound_turn_backlog()

    async def scenario():
        with socket.create_server(("127.0.0.1", 0)) as server:
            near = socket.create_connection(server.getsockname())
            far, _ = server.accept()
            # Nobody ever reads at the far end.
            with far:
                near.setblocking(False)
                client = TurnClientTcpProtocol(("127.0.0.1", 1), "user", "password", 600, 30)
                transport, _ = await asyncio.get_running_loop().create_connection(
                    lambda: client, sock=near
                )
                try:
                    for _ in range(20_000):
                        client._send(RELAYED)
                    waiting = transport.get_write_buffer_size()
                    assert 0 < waiting <= BACKLOG_BYTES + len(RELAYED)
                    client._send(TOLD)
                    assert transport.get_write_buffer_size() == waiting + len(TOLD)
                finally:
                    transport.abort()
                await asyncio.sleep(0)

    asyncio.run(scenario())
