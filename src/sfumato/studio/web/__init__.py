"""What every page rests on: who may ask, what is sent, how it is answered, what an address may name."""
