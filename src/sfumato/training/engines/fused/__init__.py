"""Mini-batch training of multilayer perceptrons with hand-derived gradients: float32, CPU, compiled by Numba.

In reading order:

- `engine`: the interface to the training loop; owns the weights and runs the kernel on every thread.
- `kernel`: the loop that each thread executes: gradients of its share of a batch, a barrier, the update, a barrier.
- `layout`: the memory layout of weights, inputs and gradients.
- `forward_backward`: one tile of samples through the network and back, as matrix products.
- `encoder`: trainable encodings: forward, backward, and parameters in a block of their own.
- `optimizer`: the protocol of optimizers (accumulate, precondition, apply the update), with one optimizer per file:
  `sgd`, `adam`, `rmsprop`, `foof`, `muon`; `optimizer_calls`: the kernel's calls of them.
- `thread_context`: the threads of a step, the memory that they share, and their barrier.
- `reduction`: the division of rows between threads, and sums of their gradients.
"""
