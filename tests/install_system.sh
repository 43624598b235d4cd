#!/usr/bin/env bash
# Install what some tests need from Debian, where that is possible: Chromium opens the report, R
# with parmigene answers through rpy2, SLURM runs the workflow as a cluster. Elsewhere these tests
# say that they are skipped.
set -euo pipefail
wanted=()
command -v chromium >/dev/null || wanted+=(chromium)
command -v R >/dev/null && Rscript -e 'stopifnot(requireNamespace("parmigene", quietly = TRUE))' \
    >/dev/null 2>&1 || wanted+=(r-base-core r-cran-igraph r-cran-parmigene)
command -v slurmctld >/dev/null || wanted+=(slurmctld slurmd slurm-client munge)
[ ${#wanted[@]} = 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    # Without the recommended packages: R's alone are 600 MB of compilers and documentation.
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
fi || echo "${wanted[*]} could not be installed; the tests that need them are skipped."
