# SPDX-License-Identifier: BSD-3-Clause
"""TlsRelay: takes plain connections and passes them on over TLS, for clients that cannot."""

import asyncio
import contextlib
import threading

CHUNK = 1 << 16


class TlsRelay:
    """Listens on `port` while it is entered."""

    def __init__(self, host, port, context):
        self.target = (host, port)
        self.context = context
        self.port = None
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        self._call(self._end_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout=20)

    @staticmethod
    async def _end_all():
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _serve(self, reader, writer):
        wire_reader, wire_writer = await asyncio.open_connection(
            *self.target, ssl=self.context, server_hostname="localhost")
        # Whichever side ends, the other is to end too.
        pumps = [asyncio.create_task(self._pump(reader, wire_writer)),
                 asyncio.create_task(self._pump(wire_reader, writer))]
        await asyncio.wait(pumps)

    @staticmethod
    async def _pump(source, sink):
        with contextlib.suppress(OSError):
            while received := await source.read(CHUNK):
                sink.write(received)
                await sink.drain()
        sink.close()
