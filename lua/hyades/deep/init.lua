--- Deep clustering: a network that embeds, and clusters in the embedding, trained together.

return require("hyades.lazy").folder("hyades.deep", { "DCN", "DEC", "IDEC", "Joint" })
