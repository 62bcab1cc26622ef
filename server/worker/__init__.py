"""The worker process: the reconciler's loop, the worker's end of the bus, and the timers."""
