"""The speedrun: the time in which a recipe paints the Mona Lisa as well as the program of 2012 did (docs/speedrun.md)."""
