"""Classification of handwritten digits, a second task for the lab's networks beside the picture."""
