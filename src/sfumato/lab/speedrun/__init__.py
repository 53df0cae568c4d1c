"""The speedrun: the time to paint the Mona Lisa as well as the program of 2012 did (docs/speedrun.md)."""
