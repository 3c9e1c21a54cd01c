std = "lua54"
max_line_length = false -- tests/house counts characters, not bytes
ignore = {
  "211/tape", -- local tape <close> = hy.tape() is used by being open
  "581",      -- not (a <= b) is true for NaN, b < a is not
}
files["tests"] = {
  std = "+busted",
  ignore = { "311" }, -- a value that a test replaces on purpose
}
-- Notebooks run in the program, which has these as globals.
files["notebooks"] = {
  read_globals = { "hy", "nn", "optim", "data", "cluster", "deep", "metrics", "plot", "train",
    "loss", "model", "report", "help" },
}
