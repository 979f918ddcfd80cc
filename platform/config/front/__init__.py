"""The server in front of the WSGI application, in each web process.

`worker` is gunicorn's asyncio worker; `connections` limits connections and closes slow ones; `door`
writes a request's body to disk before a thread of `answering` runs the application. An idle or slow
client occupies a socket, never a thread.
"""
