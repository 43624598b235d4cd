from __future__ import annotations

import gtgrn.embeddings.vae
import numpy as np
import pytest
import torch
from chance_cases import ERRORS
from gtgrn.data.scaling import standardise
from gtgrn.embeddings.vae import VAE, elbo, train_vae
from gtgrn.training.checkpoints import load_checkpoint, save_checkpoint
from torch import nn
from torch.distributions import Normal, kl_divergence

SMALL = {"latent": 4, "hidden": 16, "batch_size": 16, "device": "cpu"}


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def programs(n_cells=30, n_genes=60, *, seed=0):
    """Make (cells, genes) expression of two programs of genes, alternating; no gene twice."""
    rng = np.random.default_rng(seed)
    activity = rng.normal(size=(n_cells, 2))
    return activity[:, np.arange(n_genes) % 2] + 0.3 * rng.normal(size=(n_cells, n_genes))


def profiles(expression):
    """Return what the model is fed, (genes, cells)."""
    return torch.tensor(standardise(expression.T), dtype=torch.float32)


# The bound


def random_terms(n=5, m=7, d=3, *, seed=0, dtype=torch.float64):
    draw = torch.Generator().manual_seed(seed)
    sizes = [(n, m), (n, m), (n, d), (n, d)]
    return [torch.randn(size, generator=draw, dtype=dtype) for size in sizes]


@pytest.mark.parametrize("seed", range(3))
def test_both_terms_are_those_of_the_distributions(seed):
    x, reconstruction, mean, log_variance = random_terms(seed=seed)
    likelihood, divergence = elbo(x, reconstruction, mean, log_variance)
    posterior = Normal(mean, (0.5 * log_variance).exp())
    expected = kl_divergence(posterior, Normal(torch.zeros_like(mean), 1.0)).sum(dim=1)
    torch.testing.assert_close(divergence, expected)
    torch.testing.assert_close(likelihood, Normal(reconstruction, 1.0).log_prob(x).sum(dim=1))
    assert likelihood.shape == divergence.shape == (5,)


def test_the_divergence_of_the_prior_is_zero_and_of_others_positive():
    zeros = torch.zeros(3, 4)
    assert elbo(zeros, zeros, zeros, zeros)[1].tolist() == [0.0] * 3
    assert (elbo(zeros, zeros, zeros, zeros - 1)[1] > 0).all()
    assert (elbo(zeros, zeros, zeros + 0.1, zeros)[1] > 0).all()


def test_the_bound_is_the_monte_carlo_mean_of_the_log_ratio():
    """E_q[log p(x, z) - log q(z|x)] by 40 000 draws of z from torch's own distributions."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = VAE(6, latent=2, hidden=8).double()
        x = torch.randn(1, 6, dtype=torch.float64)
        with torch.no_grad():
            mean, log_variance = model.encode(x)
            posterior = Normal(mean[0], (0.5 * log_variance[0]).exp())
            z = posterior.sample((40_000,))
            joint = Normal(model.decoder(z), 1.0).log_prob(x).sum(1) + Normal(0, 1).log_prob(
                z
            ).sum(1)
            ratio = joint - posterior.log_prob(z).sum(1)
            noise = torch.randn(40_000, 2, dtype=torch.float64)
            reconstruction, *rest = model(x.expand(40_000, -1), noise)
            likelihood, divergence = elbo(x, reconstruction, *rest)
    bound = (likelihood - divergence).mean()
    # The sum of the two errors bounds that of the difference, whatever their correlation.
    error = (ratio.std() + likelihood.std()) / 200
    assert abs(ratio.mean() - bound) < ERRORS * error
    assert divergence[0] > 10 * error, "the divergence must matter for the test to mean anything"


# Reparameterisation


@pytest.fixture
def bare():
    """Return a VAE whose decoder hands out Z itself."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = VAE(6, latent=4, hidden=8)
    model.decoder = nn.Identity()
    return model


def test_z_is_mean_plus_sigma_times_noise(bare):
    draw = torch.Generator().manual_seed(0)
    x, noise = torch.randn(5, 6, generator=draw), torch.randn(5, 4, generator=draw)
    z, mean, log_variance = bare(x, noise)
    assert torch.equal(z, mean + (log_variance / 2).exp() * noise)
    assert torch.equal(bare(x, torch.zeros(5, 4))[0], mean)
    for result, expected in zip((mean, log_variance), bare.encode(x), strict=True):
        assert torch.equal(result, expected)


def test_gradients_reach_mean_and_log_variance(bare):
    draw = torch.Generator().manual_seed(0)
    x, noise = torch.randn(5, 6, generator=draw), torch.randn(5, 4, generator=draw)
    z, _, log_variance = bare(x, noise)
    z.sum().backward()
    sigma = (log_variance / 2).exp().detach()
    # dz/dmu = 1 and dz/dlog(sigma^2) = sigma * epsilon / 2, summed over the five samples.
    torch.testing.assert_close(bare.mean.bias.grad, torch.full((4,), 5.0))
    torch.testing.assert_close(bare.log_variance.bias.grad, (sigma * noise / 2).sum(0))


def test_a_wild_log_variance_stays_finite(bare):
    with torch.no_grad():
        bare.log_variance.bias.fill_(1e6)
    z, mean, log_variance = bare(torch.zeros(2, 6), torch.ones(2, 4))
    assert all(torch.isfinite(term).all() for term in (z, *elbo(z, z, mean, log_variance)))


# Scaling


def test_standardise_each_column():
    values = np.random.default_rng(0).gamma(2.0, 3.0, size=(50, 4)) * [1, 10, 100, 1e-4]
    scaled = standardise(values.astype(np.float64))
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-12)
    column = values[:, 2]
    np.testing.assert_allclose(scaled[:, 2], (column - column.mean()) / column.std())


@pytest.mark.parametrize("constant", [0.0, 3.0, 0.1, 1e-8, 12345.678])
@pytest.mark.parametrize("n", [3, 10, 101])
def test_a_constant_column_becomes_zeros(constant, n):
    for kind in (np.float32, np.float64):
        assert not standardise(np.full((n, 2), constant, dtype=kind)).any()


# Training


def test_the_same_seed_gives_the_same_embedding_and_another_another():
    first, again, other = (
        train_vae(programs(), **SMALL, epochs=3, seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.values, again.values)
    assert first.history == again.history
    assert not np.allclose(first.values, other.values, atol=1e-2)


def test_global_random_state_is_neither_read_nor_moved():
    results = []
    for outside in (1, 2):
        torch.manual_seed(outside)
        np.random.seed(outside)  # noqa: NPY002 - it is the state under test
        before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        results.append(train_vae(programs(), **SMALL, epochs=2, seed=1).values)
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert np.array_equal(*results)


def overfit(**options):
    """Train on noise, in which there is nothing to learn: the held-out bound falls again."""
    noise = np.random.default_rng(0).normal(size=(12, 24))
    options = {"batch_size": 4, "learning_rate": 0.02, "beta": 0.1, "holdout": 0.3} | options
    return train_vae(noise, latent=8, hidden=64, clip=10.0, seed=0, device="cpu", **options)


def test_the_best_state_is_restored_not_the_last():
    long = overfit(epochs=30, patience=100)
    bounds = [row["validation_elbo"] for row in long.history]
    best = int(np.argmax(bounds))
    assert len(bounds) == 30
    assert best < 25
    assert bounds[-1] < bounds[best] - 0.2
    # A run that ends at the best epoch has walked the same way up to there.
    short = overfit(epochs=best + 1, patience=100)
    assert short.history == long.history[: best + 1]
    assert np.array_equal(short.values, long.values)


def test_training_stops_when_patience_is_spent():
    bounds = [row["validation_elbo"] for row in overfit(epochs=100, patience=4).history]
    assert len(bounds) < 100
    assert len(bounds) == int(np.argmax(bounds)) + 1 + 4


def test_held_out_genes_are_never_trained_on(monkeypatch):
    seen = {True: set(), False: set()}
    forward = VAE.forward

    def spy(model, x, noise):
        seen[model.training].update(row.numpy().tobytes() for row in x)
        return forward(model, x, noise)

    monkeypatch.setattr(VAE, "forward", spy)
    expression = programs(n_genes=50)
    train_vae(expression, **SMALL, epochs=2, holdout=0.2, seed=0)
    assert (len(seen[True]), len(seen[False])) == (40, 10)
    everything = {row.numpy().tobytes() for row in profiles(expression)}
    assert seen[True] | seen[False] == everything


def test_genes_of_one_program_end_close_and_the_bound_rises():
    trained = train_vae(programs(), **SMALL, epochs=60, seed=0)
    bounds = [row["validation_elbo"] for row in trained.history]
    assert max(bounds) > bounds[0] + 5
    unit = trained.values - trained.values.mean(axis=0)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosine = unit @ unit.T
    same = np.arange(60)[:, None] % 2 == np.arange(60)[None] % 2
    assert cosine[same & ~np.eye(60, dtype=bool)].mean() > 0.5
    assert cosine[~same].mean() < 0


def test_history_holds_the_bound_of_the_training_genes():
    """Without noise in the latent and at step 0 the first epoch's bound can be recomputed."""
    expression = programs()
    trained = train_vae(
        expression, **{**SMALL, "batch_size": 1000}, learning_rate=0.0, epochs=1, seed=0
    )
    x = profiles(expression)
    with torch.no_grad():
        mean, log_variance = trained.model.encode(x)
        noise = torch.randn(200, *mean.shape, generator=torch.Generator().manual_seed(1))
        z = mean + (0.5 * log_variance).exp() * noise
        likelihood = Normal(trained.model.decoder(z), 1.0).log_prob(x).sum(-1).mean()
        bound = (
            likelihood
            - kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0))
            .sum(1)
            .mean()
        )
    # Six held-out genes and one draw of noise: a few nats, where a sign or a factor is 40.
    assert trained.history[0]["train_elbo"] == pytest.approx(bound.item(), abs=4)
    assert trained.history[0]["validation_elbo"] == pytest.approx(bound.item(), abs=8)


def test_beta_weighs_the_divergence():
    spread = [
        np.abs(train_vae(programs(), **SMALL, epochs=20, beta=beta, seed=0).values).mean()
        for beta in (0.0, 1.0, 1000.0)
    ]
    assert spread[0] > spread[1] > spread[2]
    assert spread[2] < 0.2 * spread[0]


def test_the_value_of_a_constant_cell_means_nothing():
    results = []
    for constant in (0.0, 0.1, 7.0):
        expression = programs()
        expression[[0, 5]] = constant
        results.append(train_vae(expression, **SMALL, epochs=3, seed=0).values)
    assert np.isfinite(results[0]).all()
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def test_depth_and_offset_of_a_cell_mean_nothing():
    rng = np.random.default_rng(0)
    expression = programs()
    scaled = expression * rng.uniform(0.5, 20, (30, 1)) + rng.normal(size=(30, 1))
    plain, deep = (train_vae(e, **SMALL, epochs=3, seed=0).values for e in (expression, scaled))
    np.testing.assert_allclose(deep, plain, atol=1e-3)


def test_one_row_a_gene_that_depends_on_its_own_profile_only():
    """Gene order is fixed by preprocessing (sorted); the encoder itself knows none."""
    expression = programs()
    trained = train_vae(expression, **SMALL, epochs=3, seed=0)
    assert trained.values.shape == (60, 4)
    assert trained.values.dtype == np.float32
    x = profiles(expression)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        mean = trained.model.encode(x)[0]
        permuted = trained.model.encode(x[order])[0]
        alone = torch.cat([trained.model.encode(row[None])[0] for row in x])
    np.testing.assert_array_equal(mean.numpy(), trained.values)
    torch.testing.assert_close(permuted, mean[order])
    torch.testing.assert_close(alone, mean)


def test_the_checkpoint_gives_the_embedding_again(tmp_path):
    expression = programs()
    trained = train_vae(expression, **SMALL, epochs=3, seed=0)
    genes = [f"g{i:02d}" for i in range(60)]
    save_checkpoint(tmp_path / "vae.pt", trained.model, config=trained.config, genes=genes)
    torch.load(tmp_path / "vae.pt", weights_only=True)
    state, config, read = load_checkpoint(tmp_path / "vae.pt")
    model = VAE(**config)
    model.load_state_dict(state)
    with torch.no_grad():
        again = model.encode(profiles(expression))[0].numpy()
    assert read == genes
    assert np.array_equal(again, trained.values)


def test_gradients_are_clipped(monkeypatch):
    norms = []
    clip = nn.utils.clip_grad_norm_

    def spy(parameters, largest):
        parameters = list(parameters)
        clip(parameters, largest)
        norms.append(torch.cat([p.grad.flatten() for p in parameters]).norm().item())

    monkeypatch.setattr(gtgrn.embeddings.vae.nn.utils, "clip_grad_norm_", spy)
    train_vae(programs(), **SMALL, epochs=1, clip=0.01, seed=0)
    assert norms
    assert max(norms) < 0.0101
