--- Optimizers: `optimizer:step(params)` uses and clears the gradients of the parameters.

return require("hyades.lazy").folder("hyades.optim", { "Adam", "AdamW", "Optimizer", "RMSprop",
  "SGD", "lr_finder", "parameters", "proximal_group", "schedule" })
