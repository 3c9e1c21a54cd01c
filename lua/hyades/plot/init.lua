--- Pictures. Every function takes its data first, named options after it, and returns a figure:
-- `:save("f.png")` writes it, `:show()` writes it to a temporary file and prints the path.
return require("hyades.lazy").folder("hyades.plot", {
  "scatter", "line", "bar", "hist", "heatmap", "confusion", "images", "centers", "history", "grid",
})
