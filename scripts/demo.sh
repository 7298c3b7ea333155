#!/bin/sh
# demo.sh NETMIP: compiles, solves and replays on a shipped network: one question that holds, one that is violated.
set -u
netmip=$1 out=${2:-build/demo}
models=$(dirname "$0")/../models
mkdir -p "$out"
ask() {
    echo
    echo "\$ netmip $*"
    "$netmip" "$@"
    code=$?
}
images=$models/digits-test-images.idx3.gz labels=$models/digits-test-labels.idx1.gz
echo "A convolutional network of 4,804 ReLUs, this project's own; images may change by 0.1 in every pixel."
ask solve "$models/digits-conv.onnx" --image "$images:1" --labels "$labels" --perturb linf:0.1
[ $code -eq 0 ] || { echo "demo: 'holds' was expected"; exit 1; }
ask solve "$models/digits-conv.onnx" --image "$images:0" --labels "$labels" --perturb linf:0.1 -o "$out"
[ $code -eq 10 ] || { echo "demo: 'violated' was expected"; exit 1; }
echo
echo "The same kind of question as a file that any solver reads:"
ask compile "$models/digits-mlp.onnx" --image "$images:3" --labels "$labels" --perturb linf:0.1 --target 0 -o "$out/mlp.mps.gz"
[ $code -eq 0 ] || { echo "demo: a model was expected"; exit 1; }
if command -v cbc >/dev/null 2>&1; then
    echo "\$ cbc $out/mlp.mps.gz -preprocess off solve solution $out/mlp.sol"
    cbc "$out/mlp.mps.gz" -preprocess off solve solution "$out/mlp.sol" >/dev/null ||
        cbc "$out/mlp.mps.gz" -preprocess off solve >"$out/mlp.sol"
    ask decode "$out/mlp.map.json" "$out/mlp.sol" -o "$out"
fi
echo
echo "original | perturbed | difference: $out/picture.png"
