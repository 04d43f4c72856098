"""The page at ``/`` and what it asks the server."""
