"""The speedrun: how soon a recipe paints the Mona Lisa as well as the program of 2012 did (docs/speedrun.md)."""
