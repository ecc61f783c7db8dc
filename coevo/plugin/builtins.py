"""What the core itself brings, offered through the same hooks as any plugin's."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_games() -> list[Offer]:
    return [
        Offer(
            "non-saturating",
            "log D for the artist (Goodfellow 2014, the usual one)",
            "coevo.adversarial.games:NonSaturating",
        ),
        Offer("minimax", "the zero-sum game of the same paper", "coevo.adversarial.games:Minimax"),
        Offer("least-squares", "squared distance to the labels (Mao 2017)", "coevo.adversarial.games:LeastSquares"),
        Offer("hinge", "margins of one (Lim & Ye 2017)", "coevo.adversarial.games:Hinge"),
        Offer(
            "wasserstein",
            "distance of the two sides, weights clipped (Arjovsky 2017)",
            "coevo.adversarial.games:Wasserstein",
        ),
        Offer(
            "wasserstein-gp",
            "the same with a gradient penalty (Gulrajani 2017)",
            "coevo.adversarial.games:WassersteinPenalised",
        ),
        Offer("relativistic", "more real than the average real one", "coevo.adversarial.games:RelativisticAverage"),
    ]


@hookimpl
def coevo_priors() -> list[Offer]:
    return [
        Offer("gaussian", "N(0, I)", "coevo.latent_models.priors:Gaussian"),
        Offer("uniform", "U(-1, 1)", "coevo.latent_models.priors:Uniform"),
        Offer("categorical", "one-hot, every category equally likely", "coevo.latent_models.priors:Categorical"),
        Offer("mixture", "2-D, a petal for every class (Makhzani 2015)", "coevo.latent_models.priors:Mixture"),
        Offer(
            "swiss-roll",
            "2-D, a spiral with a stretch for every class (Makhzani 2015)",
            "coevo.latent_models.priors:SwissRoll",
        ),
    ]


@hookimpl
def coevo_functions() -> list[Offer]:
    return [
        Offer("sims", "the functions of Sims (1991), and x, y, r and theta", "coevo.shader.functions:SIMS"),
        Offer("arithmetic", "sums, products, sines of x, y, r and theta", "coevo.shader.functions:ARITHMETIC"),
    ]


@hookimpl
def coevo_datasets() -> list[Offer]:
    return [
        Offer("digits", "1,797 real handwritten digits, 8 × 8, shipped with coevo", "coevo.data.datasets:digits"),
        Offer("mnist", "70,000 handwritten digits, 28 × 28: IDX files in --data-dir", "coevo.data.datasets:mnist"),
        Offer("folder", "any folder of images in --data-dir; subfolders are classes", "coevo.data.datasets:folder"),
        Offer("zip", "any zip of images, --data-dir FILE.zip", "coevo.data.datasets:zipped"),
    ]
