"""What a person watches: a web page over run folders. It reads what training writes, and never calls its inside."""
