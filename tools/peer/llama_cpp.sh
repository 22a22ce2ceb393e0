#!/usr/bin/env bash
# Builds the peer of `nutgraf bench --peer llama-cpp` for this machine: llama-bench, llama-batched-bench, llama-server and
# llama-quantize of llama.cpp, from the sources that the Python package llama-cpp-python carries. Needs python3 and a C++
# compiler; takes some minutes on every core.
#
#   tools/peer/llama_cpp.sh DIR        then: PATH="DIR/bin:$PATH" nutgraf bench engine --peer llama-cpp
set -euo pipefail

version=0.3.36
[ $# -eq 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)

python3 -m venv "$dir/python"
"$dir/python/bin/pip" install --quiet cmake==4.1.2 ninja==1.13.0 scikit-build-core==0.11.6
"$dir/python/bin/pip" download --quiet --no-deps --no-build-isolation --no-binary :all: \
    --dest "$dir" "llama-cpp-python==$version"
tar -xzf "$dir/llama_cpp_python-$version.tar.gz" -C "$dir"

export PATH="$dir/python/bin:$PATH"
cmake -S "$dir/llama_cpp_python-$version/vendor/llama.cpp" -B "$dir/build" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=OFF -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF
cmake --build "$dir/build" --target llama-bench llama-batched-bench llama-server llama-quantize
mkdir -p "$dir/bin"
for tool in llama-bench llama-batched-bench llama-server llama-quantize; do
    ln -sf "../build/bin/$tool" "$dir/bin/$tool"
done
echo "$dir/bin"
