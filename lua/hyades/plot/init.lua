--- Pictures. Every function takes its data first, named options after it, and returns a figure:
-- `:save("f.png")` writes it (also .svg and .pdf), `:show()` shows it in the terminal.
return require("hyades.lazy").folder("hyades.plot", {
  "scatter", "line", "bar", "box", "hist", "heatmap", "confusion", "images", "centers", "pairs",
  "silhouette", "reachability", "tree", "history", "neighbors", "traversal", "manifold", "regions",
  "snapshots", "grid", "theme",
})
