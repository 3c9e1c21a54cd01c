--- Deep clustering: a network that embeds, and clusters in the embedding, trained together.
-- Options of every model here: layers, of the network that is built where none is given · pretrain, as
-- nn.Autoencoder:fit takes it, such as { epochs = 50 } · verbose · after_epoch, a function(model, record)
-- that may return "stop".
-- Fields after fit: labels, the method's own; kmeans_labels, fresh k-means in the embedding; soft, how
-- much each point belongs to each cluster; centers, net, history, warnings.

return require("hyades.lazy").folder("hyades.deep", { "DCN", "DEC", "IDEC", "Joint" })
