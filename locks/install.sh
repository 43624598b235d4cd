#!/usr/bin/env bash
# Install the locks into an environment: locks/install.sh .venv
# No file is taken that has another hash than the lock says. TORCH=cuda takes the index's own build
# of torch, with CUDA on Linux; otherwise the build without, a tenth of the size, is taken where pip
# is offered one (an index or a folder in its configuration).
set -euo pipefail
python=$(realpath --no-symlinks "$1")/bin/python
cd "$(dirname "$0")/.."
pip=("$python" -m pip --quiet --disable-pip-version-check)
install() { "${pip[@]}" install --require-hashes --no-deps "$@"; }
# pip itself first: the one that comes with Python may be years old.
install -r locks/pip.lock
# Both builds are never asked for at once: of files that must have a hash pip prefers those whose hash
# an index states, which is the build with CUDA.
torch=locks/torch.lock
small=$(grep -o '^torch==[^ ]*' locks/torch-cpu.lock)
if [ "${TORCH:-}" != cuda ] && "${pip[@]}" install --dry-run --no-deps "$small" 2>/dev/null; then
    torch=locks/torch-cpu.lock
fi
# rpy2 is built in ABI mode, so that it installs whether R and its headers are there or not.
RPY2_CFFI_MODE=ABI install -r "$torch" -r requirements.lock
