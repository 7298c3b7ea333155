#!/bin/sh
# install_tool.sh v1: VNN-COMP's first script: installs Debian's packages and builds the program. Needs root once.
set -eu
[ "${1-}" = v1 ] || { echo "install_tool.sh: ${1-nothing}: version v1 was expected" >&2; exit 2; }
cd "$(dirname "$0")/../.."
sh scripts/deps.sh run
make -j"$(nproc)" all
