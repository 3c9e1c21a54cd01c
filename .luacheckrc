std = "lua54"
max_line_length = 100
files["tests"] = { std = "+busted" }
-- Notebooks run in the program, which has these as globals.
files["notebooks"] = {
  read_globals = { "hy", "nn", "optim", "data", "cluster", "deep", "metrics", "plot", "train",
    "loss", "model", "report", "help" },
}
