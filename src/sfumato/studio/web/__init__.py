"""The basis of all pages: access rules, request bodies, responses, and the names of runs in URLs."""
