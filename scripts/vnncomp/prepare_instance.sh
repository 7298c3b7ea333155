#!/bin/sh
# prepare_instance.sh v1 CATEGORY NET.onnx PROPERTY.vnnlib: VNN-COMP's second script, whose time does not count.
# Nothing is converted beforehand, so it only makes sure that both files can be read; a nonzero exit skips the instance.
set -eu
[ $# -eq 4 ] && [ "$1" = v1 ] || { echo "prepare_instance.sh: v1 CATEGORY NET PROPERTY was expected" >&2; exit 2; }
for f in "$3" "$4"; do
    [ -r "$f" ] || [ -r "$f.gz" ] || { echo "prepare_instance.sh: $f: cannot be read" >&2; exit 5; }
done
