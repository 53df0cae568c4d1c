"""The web app over run folders. It reads what training writes, and never calls its internals."""
