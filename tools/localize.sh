#!/usr/bin/env bash
# Turns the Rust static library into one relocatable object that exports exactly the C ABI.
#
# usage: localize.sh RAW_ARCHIVE SYMBOLS_FILE OUT_ARCHIVE
#
# A raw staticlib is some 30 MB and shows every symbol of the Rust standard library, so that it cannot
# meet another one in a program. LD, OBJCOPY, NM and AR name the binutils of another target.
set -euo pipefail

if (($# != 3)); then
    echo "usage: ${0##*/} RAW_ARCHIVE SYMBOLS_FILE OUT_ARCHIVE" >&2
    exit 64
fi
raw=$1 symbols=$2 out=$3
: "${LD:=ld}" "${OBJCOPY:=objcopy}" "${NM:=nm}" "${AR:=ar}"

# The archive is moved into place whole: its folder must be the one of the scratch files.
mkdir -p -- "$(dirname -- "$out")"
scratch=$(mktemp -d -- "$(dirname -- "$out")/.localize.XXXXXX")
trap 'rm -rf -- "$scratch"' EXIT

LC_ALL=C sort -u -- "$symbols" >"$scratch/wanted"
roots=()
while IFS= read -r symbol; do
    roots+=(-u "$symbol")
done <"$scratch/wanted"

# Only what the exports reach is taken from the archive. Groups are dissolved because their signatures
# become local: the linker would drop the second of two equal ones and leave its users dangling.
"$LD" -r --gc-sections --force-group-allocation "${roots[@]}" -o "$scratch/whole.o" "$raw"

# Unwind tables stay: a panic is caught at the boundary.
"$OBJCOPY" --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd \
    --keep-global-symbols="$scratch/wanted" "$scratch/whole.o" "$scratch/local.o"
# A second pass, because a symbol is unneeded only once it is local.
"$OBJCOPY" --strip-unneeded "$scratch/local.o" "$scratch/attestor.o"

"$NM" --extern-only --defined-only --format=posix "$scratch/attestor.o" |
    cut -d ' ' -f 1 | LC_ALL=C sort >"$scratch/exported"
if ! diff -u --label wanted --label exported "$scratch/wanted" "$scratch/exported" >&2; then
    echo "${0##*/}: the exports differ from $symbols" >&2
    exit 1
fi

"$AR" rcsD "$scratch/out.a" "$scratch/attestor.o"
chmod 644 "$scratch/out.a"
mv -f -- "$scratch/out.a" "$out"
printf '%s: %d bytes, %d exports\n' "$out" "$(wc -c <"$out")" "$(wc -l <"$scratch/wanted")"
