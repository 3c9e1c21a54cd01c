local class = require "hyades.class"
local Adam = require "hyades.optim.Adam"

--- Adam whose weights shrink by lr · weight_decay beside the step, not through the gradient.
-- Loshchilov & Hutter, ICLR 2019.
-- lr=1e-3, betas={ 0.9, 0.999 }, eps=1e-8, weight_decay=0.01
local AdamW = class.define("AdamW", Adam)
AdamW.defaults = { lr = 1e-3, betas = { 0.9, 0.999 }, eps = 1e-8, weight_decay = 0.01 }
AdamW.decoupled = true

return AdamW
