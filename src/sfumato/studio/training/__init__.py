"""Worker processes that train, and the queue of runs that wait for one."""
