#!/usr/bin/env python3
"""A way to a Redis that holds up each answer for some milliseconds.

    slow_redis.py PORT REDIS_PORT MILLISECONDS
"""
import asyncio, sys


async def serve(reader, writer, redis_port, seconds):
    loop = asyncio.get_running_loop()
    try:
        from_redis, to_redis = await asyncio.open_connection("127.0.0.1", redis_port)
    except OSError:
        writer.close()
        return

    async def ask():
        while data := await reader.read(65536):
            to_redis.write(data)
            await to_redis.drain()
        to_redis.close()

    async def answer():
        while data := await from_redis.read(65536):
            loop.call_later(seconds, writer.write, data)
            await writer.drain()
        loop.call_later(seconds, writer.close)

    await asyncio.gather(ask(), answer(), return_exceptions=True)


async def main(port, redis_port, milliseconds):
    server = await asyncio.start_server(lambda r, w: serve(r, w, redis_port, milliseconds / 1000), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
