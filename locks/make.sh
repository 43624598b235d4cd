#!/usr/bin/env bash
# Write the locks from requirements.in and docs/requirements.in, with the hash of every file that the
# index has for a release. Pins that are there stay, but for those of packages that are named:
#   make lock UPGRADE="numpy pandas"      or UPGRADE=all
set -euo pipefail
cd "$(dirname "$0")/.."
upgrade=()
for name in ${UPGRADE:-}; do
    if [ "$name" = all ]; then upgrade+=(--upgrade); else upgrade+=(--upgrade-package "$name"); fi
done
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
compile() { # from, to, what is pinned today
    cat "${@:3}" > "$new/pins.txt"
    cp "$new/pins.txt" "$2"
    "${UV:-.venv/bin/uv}" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate "${upgrade[@]}" --output-file "$2" "$1"
}
compile requirements.in "$new/all.lock" requirements.lock locks/torch.lock
compile docs/requirements.in "$new/docs.lock" docs/requirements.lock
compile locks/pip.in "$new/pip.lock" locks/pip.lock
# What torch's build with CUDA brings goes with it; a build without is in torch-cpu.lock.
apart='^(torch|triton|cuda-[a-z]+|nvidia-[a-z0-9-]+)=='
for part in requirements.lock locks/torch.lock; do
    keep=$([ "$part" = locks/torch.lock ] && echo 1 || echo 0)
    { echo "# Made from requirements.in by make lock."
      awk -v keep="$keep" -v apart="$apart" '/^[^ ]/ { on = ($0 ~ apart) == keep } on' "$new/all.lock"
    } > "$new/part"
    mv "$new/part" "$part"
done
for name in docs/requirements.lock:docs.lock:docs/requirements.in locks/pip.lock:pip.lock:locks/pip.in; do
    IFS=: read -r to from source <<< "$name"
    { echo "# Made from $source by make lock."; cat "$new/$from"; } > "$new/part"
    mv "$new/part" "$to"
done
# The build of torch without CUDA is on no index that is asked above; pip may be offered it.
small="torch==$(sed -n 's/^torch==\([^ ]*\).*/\1/p' locks/torch.lock)+cpu"
if ! grep -q "^$small " locks/torch-cpu.lock; then
    .venv/bin/pip download --quiet --no-deps --dest "$new/wheel" "$small"
    { grep '^#' locks/torch-cpu.lock
      echo "$small \\"
      .venv/bin/pip hash "$new"/wheel/*.whl | sed -n 's/^--hash/    --hash/p'
    } > "$new/part"
    mv "$new/part" locks/torch-cpu.lock
fi
