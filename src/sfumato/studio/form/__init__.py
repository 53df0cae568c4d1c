"""The form that asks for a run: its fields, the pictures that can be learned, what a recipe comes to."""
