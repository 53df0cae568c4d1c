"""Mini-batch training of multilayer perceptrons with hand-derived gradients: float32, CPU, compiled by Numba.

In reading order:

- `engine`: the engine as the training loop sees it; owns the weights and runs the kernel on every thread.
- `kernel`: what each thread executes: gradients of its share of a batch, a barrier, the update, a barrier.
- `layout`: where weights, inputs and gradients lie in memory.
- `forward_backward`: one tile of samples through the network and back, as matrix products.
- `encoder`: trainable encodings: forward, backward, and parameters in a block of their own.
- `optimizer`: the protocol of optimizers (accumulate, precondition, apply the update), with one optimizer per file:
  `sgd`, `adam`, `rmsprop`, `foof`, `muon`; `optimizer_calls`: how the kernel calls them.
- `thread_context`, `reduction`: what a thread knows of the others; how work and sums are divided between them.
"""
