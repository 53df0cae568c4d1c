"""One run: what is known of it, its curves and pictures, and what happens in it while it trains."""
