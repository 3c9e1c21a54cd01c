--- Optimizers: `optimizer:step(params)` uses and clears the gradients of the parameters.

return require("hyades.lazy").folder("hyades.optim", { "Adam", "Optimizer", "SGD", "parameters" })
