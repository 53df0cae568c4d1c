"""One run: its facts, its curves and pictures, and its events while it trains."""
