"""The trust policy: who may sign what, and its reading, review and proposal."""
