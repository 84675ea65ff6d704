#!/usr/bin/env bash
# install.sh ROOT BUILD: links the C example against an installed library, shared and static, and runs it.
set -euo pipefail
root=$(cd "$1" && pwd) build=$2
export PKG_CONFIG_PATH=$root/lib/pkgconfig
data=tests/data/spire/ec-p256
passed=0
check() {
    "$@" > /dev/null
    passed=$((passed + 1))
}
if ! command -v pkg-config > /dev/null; then
    pkg-config() { sed -n "s|\${prefix}|$root|g; s|\${libdir}|$root/lib|g; s|\${includedir}|$root/include|g; s/^Cflags: //p; s/^Libs: //p" "$root/lib/pkgconfig/attestor.pc"; }
fi
read -ra flags <<< "$(pkg-config --cflags --libs attestor | tr '\n' ' ')"
cc -std=c99 -o "$build/installed-shared" examples/c/verify.c "${flags[@]}" "-Wl,-rpath,$root/lib"
cc -std=c99 "-I$root/include" -o "$build/installed-static" examples/c/verify.c "$root/lib/libattestor.a" -lpthread -ldl -lm
readelf -d "$root/lib/libattestor.so" | grep -q 'SONAME.*libattestor\.so\.1' || { echo 'no SONAME' >&2; exit 1; }
for program in "$build/installed-shared" "$build/installed-static"; do
    check "$program" $data/s0.bundle.spiffe.json $data/s0.minted.jwt
done
check "$root/bin/attestor" verify --trust-domain example.org --audience spiffe://example.org/verifier \
    --bundle example.org=$data/s0.bundle.spiffe.json $data/s0.minted.jwt
echo "$((passed + 1)) passed, 0 failed"
