"""The door: the process that holds the screens' sockets: gevent, all state in memory."""
