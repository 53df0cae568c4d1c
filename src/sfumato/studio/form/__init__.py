"""The form that starts a run: its fields, the pictures that can be learned, and a recipe's description."""
