"""Runs conversations: tasks, threads and queues that do what the session decides. Doing."""
