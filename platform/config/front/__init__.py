"""What stands between the network and the WSGI application, in each web process.

`worker` is gunicorn's asyncio worker; `connections` bounds connections and cuts slow ones; `door`
takes a request's body to disk before a thread of `answering` runs the application. A client that
is idle or slow costs a socket, never a thread.
"""
