"""The core's own offers, through the same hooks as those of any plugin."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_games() -> list[Offer]:
    return [
        Offer(
            "non-saturating",
            "the artist maximises log D (Goodfellow 2014); the usual choice",
            "coevo.adversarial.games:NonSaturating",
        ),
        Offer("minimax", "the zero-sum game (Goodfellow 2014)", "coevo.adversarial.games:Minimax"),
        Offer(
            "least-squares",
            "squared distance of scores from 0 and 1 (Mao 2017)",
            "coevo.adversarial.games:LeastSquares",
        ),
        Offer("hinge", "hinge loss with a margin of 1 (Lim & Ye 2017)", "coevo.adversarial.games:Hinge"),
        Offer(
            "wasserstein",
            "Wasserstein distance, weights clipped (Arjovsky 2017)",
            "coevo.adversarial.games:Wasserstein",
        ),
        Offer(
            "wasserstein-gp",
            "Wasserstein distance with a gradient penalty (Gulrajani 2017)",
            "coevo.adversarial.games:WassersteinPenalised",
        ),
        Offer(
            "relativistic",
            "relativistic average: more real than the mean real work (Jolicoeur-Martineau 2018)",
            "coevo.adversarial.games:RelativisticAverage",
        ),
        Offer(
            "relativistic-pairing",
            "every made work against every real one; with r1 and r2 the game of R3GAN (Huang 2024)",
            "coevo.adversarial.games:RelativisticPairing",
        ),
    ]


@hookimpl
def coevo_priors() -> list[Offer]:
    return [
        Offer("gaussian", "N(0, I)", "coevo.latent_models.priors:Gaussian"),
        Offer("uniform", "U(-1, 1)", "coevo.latent_models.priors:Uniform"),
        Offer("categorical", "one-hot, all categories equally likely", "coevo.latent_models.priors:Categorical"),
        Offer(
            "mixture",
            "2-D mixture of Gaussians, one for each class (Makhzani 2015)",
            "coevo.latent_models.priors:Mixture",
        ),
        Offer(
            "swiss-roll",
            "2-D spiral with one segment for each class (Makhzani 2015)",
            "coevo.latent_models.priors:SwissRoll",
        ),
    ]


@hookimpl
def coevo_functions() -> list[Offer]:
    return [
        Offer("sims", "the functions of Sims (1991), and x, y, r and theta", "coevo.shader.functions:SIMS"),
        Offer("arithmetic", "sums, products and sines of x, y, r and theta", "coevo.shader.functions:ARITHMETIC"),
    ]


@hookimpl
def coevo_datasets() -> list[Offer]:
    return [
        Offer("digits", "1,797 real handwritten digits, 8 × 8, shipped with coevo", "coevo.data.datasets:digits"),
        Offer("mnist", "70,000 handwritten digits, 28 × 28: IDX files in --data-dir", "coevo.data.datasets:mnist"),
        Offer(
            "folder", "a folder of images, --data-dir FOLDER; its subfolders are classes", "coevo.data.datasets:folder"
        ),
        Offer("zip", "a zip of images, --data-dir FILE.zip", "coevo.data.datasets:zipped"),
        Offer("scenes", "4,000 summer landscapes, each with the label map that it follows", "coevo.data.scenes:scenes"),
        Offer("winter-scenes", "4,000 other landscapes, in snow, with their label maps", "coevo.data.scenes:winter"),
    ]


@hookimpl
def coevo_trackers() -> list[Offer]:
    return [
        Offer(
            "tensorboard",
            "curves, sheets and warnings for TensorBoard, in the run's folder",
            "coevo.monitoring.trackers.tensorboard:TensorBoard",
        ),
        Offer("wandb", "Weights & Biases, offline by default", "coevo.monitoring.trackers.wandb:WandB"),
        Offer("mlflow", "MLflow, in a database beside the runs", "coevo.monitoring.trackers.mlflow:MLflow"),
        Offer("trackio", "Trackio, a dashboard on this machine", "coevo.monitoring.trackers.trackio:Trackio"),
    ]
