"""Handwritten digits as a second task for the lab's networks, beside the picture: which digit does an image show?"""
