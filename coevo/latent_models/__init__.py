"""Artists that decode latent codes, and autoencoders that find them."""
