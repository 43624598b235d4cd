#!/usr/bin/env bash
# Ask the index, installing nothing, whether the locks can be installed under each Python that
# pyproject.toml allows: every release is there with its hash, as a wheel for that Python on Linux.
set -euo pipefail
cd "$(dirname "$0")/.."
# These have no wheel anywhere; they are built without a compiler (rpy2 in ABI mode).
sources=(connection-pool docrep rpy2-rinterface)
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
for version in 3.11 3.12 3.13; do
    "${UV:-.venv/bin/uv}" pip install --quiet --dry-run --no-deps --require-hashes --only-binary :all: \
        "${sources[@]/#/--no-binary=}" --target "$empty" --python-version "$version" \
        --python-platform x86_64-manylinux_2_28 -r requirements.lock -r locks/torch.lock
    echo "Python $version: every locked release can be installed"
done
