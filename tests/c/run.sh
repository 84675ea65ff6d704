#!/usr/bin/env bash
# Builds the C tests and examples against a built library and runs them.
#
#   run.sh LIBDIR INCLUDEDIR BUILDDIR [--sanitize] [--valgrind]
#
# Every compiler there is of gcc and clang, each against libattestor.a and libattestor.so.
# --sanitize adds a build of the C side with ASan and UBSan, --valgrind a run under valgrind.
# The last line is the sum over all programs; the exit status is 0 if nothing failed.
set -euo pipefail

usage() {
    echo "usage: run.sh LIBDIR INCLUDEDIR BUILDDIR [--sanitize] [--valgrind]" >&2
    exit 2
}

(($# >= 3)) || usage
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
lib=$(cd "$1" && pwd)
include=$(cd "$2" && pwd)
mkdir -p "$3"
build=$(cd "$3" && pwd)
shift 3
sanitize=no valgrind=no
for option in "$@"; do
    case $option in
    --sanitize) sanitize=yes ;;
    --valgrind) valgrind=yes ;;
    *) usage ;;
    esac
done

warnings=(-pedantic -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual -Wvla -Werror)
c_warnings=("${warnings[@]}" -Wstrict-prototypes -Wmissing-prototypes)
# What a static library of Rust needs of the system, as rustc prints it for Linux.
native_libs=(-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc)
sanitizers=("-fsanitize=address,undefined" -fno-sanitize-recover=all -fno-omit-frame-pointer)
spire=$root/tests/data/spire/ec-p256
limit=15m

passed=0 failed=0

# verdict NAME OK BAD: adds up.
verdict() {
    passed=$((passed + $2))
    failed=$((failed + $3))
    (($3 == 0)) || echo "FAILED $1"
}

# check NAME COMMAND...: one test, which is that the command succeeds; it is heard only if it fails.
check() {
    local name=$1
    shift
    if "$@" >"$build/log" 2>&1; then
        verdict "$name" 1 0
    else
        cat "$build/log"
        verdict "$name" 0 1
    fi
}

# run NAME PROGRAM...: a test program; its closing line says how many tests passed and failed.
run() {
    local name=$1 status=0
    shift
    timeout -k 10 "$limit" "$@" >"$build/log" 2>&1 || status=$?
    judge "$name" $status "$build/log"
}

# judge NAME STATUS LOG: what a test program came to.
judge() {
    local name=$1 status=$2 log=$3
    cat "$log"
    if [[ $(tail -n 1 "$log") =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        verdict "$name" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
        # 1 is what failed tests give; anything else is a signal, a leak or a time-out.
        ((status > 1 || (status == 1 && BASH_REMATCH[2] == 0))) || return 0
    fi
    echo "exit status $status"
    verdict "$name" 0 1
}

# The shared library under the name that programs ask for, as an installation has it.
soname=$(objdump -p "$lib/libattestor.so" | awk '$1 == "SONAME" { print $2 }')
installed=$build/lib
rm -rf "$installed"
mkdir -p "$installed"
ln -s "$lib/libattestor.so" "$installed/libattestor.so"
[[ -z $soname || $soname == libattestor.so ]] || ln -s libattestor.so "$installed/$soname"

cxx_of() { if [[ $1 == gcc ]]; then echo g++; else echo clang++; fi; }

# The exports -----------------------------------------------------------------

exported() { nm -D --defined-only "$lib/libattestor.so" | awk '{ print $3 }' | LC_ALL=C sort; }

declared() { # what the header marks as exported
    "$1" -E -P -DATTESTOR_API=EXPORTED -DATTESTOR_MUST_USE= -x c "$include/attestor.h" | tr '\n' ' ' |
        grep -oE 'EXPORTED [^(]*\(' | grep -oE 'attestor_[a-z0-9_]+ *\($' | tr -d ' (' | LC_ALL=C sort
}

check_exports() {
    exported >"$build/exported"
    declared "$1" >"$build/declared"
    check "the shared library exports attestor.symbols" diff "$include/attestor.symbols" "$build/exported"
    check "attestor.h declares attestor.symbols" diff "$include/attestor.symbols" "$build/declared"
    check "the shared library is called by its ABI" \
        grep -x "#define ATTESTOR_ABI ${soname#libattestor.so.}" "$include/attestor.h"
}

# The header ------------------------------------------------------------------

header_alone() { # COMPILER OPTION...: a file of nothing but the include
    printf '#include <attestor.h>\n' >"$build/alone.h.c"
    "$@" -I"$include" -fsyntax-only "$build/alone.h.c"
}

# The layout assertions at the header's end, for 32-bit pointers: glibc's headers serve both sizes, but for a
# file of stubs that is missing where no 32-bit library is installed.
check_layout_32() {
    local cc=$1 headers
    if ! echo 'int x;' | "$cc" -m32 -fsyntax-only -x c - 2>/dev/null; then
        echo "skipped: 32-bit layout, $cc has no -m32"
        return
    fi
    mkdir -p "$build/m32/gnu"
    : >"$build/m32/gnu/stubs-32.h"
    headers=/usr/include/$(uname -m)-linux-gnu
    check "32-bit layout, $cc" header_alone "$cc" -m32 -std=c11 "${c_warnings[@]}" \
        -idirafter "$headers" -idirafter "$build/m32"
}

check_header() {
    local cc=$1 cxx
    cxx=$(cxx_of "$cc")
    for std in c99 c11 c17; do
        check "header alone, $cc $std" header_alone "$cc" -std=$std "${c_warnings[@]}"
    done
    for std in c++11 c++17 c++20; do
        check "header alone, $cxx $std" header_alone "$cxx" -x c++ -std=$std "${warnings[@]}"
    done
    check_layout_32 "$cc"
}

# The programs ----------------------------------------------------------------

# How a program is linked with the library: `link` for the leg at hand.
set_link() {
    case $1 in
    static) link=("$lib/libattestor.a" "${native_libs[@]}") ;;
    shared) link=("-L$installed" -lattestor "-Wl,-rpath,$installed") ;;
    esac
}

# compile OUT SOURCE...: a C99 program in the folder of the leg at hand.
compile() {
    local to=$1
    shift
    "$cc" -std=c99 "${c_warnings[@]}" "${extra[@]}" -D_DEFAULT_SOURCE -pthread -g -I"$include" \
        -o "$out/$to" "$@" "${link[@]}"
}

# Units of C99, C11 and C++17 in one program.
compile_units() {
    local flags=("${extra[@]}" -g -I"$include") cxx
    cxx=$(cxx_of "$cc")
    "$cc" -std=c11 "${c_warnings[@]}" "${flags[@]}" -c -o "$out/twice.o" "$here/header_twice.c" &&
        "$cxx" -std=c++17 "${warnings[@]}" "${flags[@]}" -c -o "$out/cpp.o" "$here/header.cpp" &&
        "$cc" -std=c99 "${c_warnings[@]}" "${flags[@]}" -c -o "$out/tus.o" "$here/header_two_tus.c" &&
        "$cc" -std=c99 "${c_warnings[@]}" "${flags[@]}" -D_DEFAULT_SOURCE -c -o "$out/test.o" "$here/test.c" &&
        "$cxx" "${extra[@]}" -o "$out/header_two_tus" "$out"/{twice,cpp,tus,test}.o "${link[@]}"
}

build_programs() {
    local kit=("$here/test.c" "$here/material.c")
    check "$leg: build contract" compile contract "${kit[@]}" "$here/host.c" "$here"/contract*.c
    check "$leg: build vectors" compile vectors "$here/test.c" "$here/sha256.c" "$here/vectors.c"
    check "$leg: build threads" compile threads "${kit[@]}" "$here/threads.c"
    check "$leg: build stress" compile stress "${kit[@]}" "$here/stress.c"
    check "$leg: build header_two_tus" compile_units
    check "$leg: build example verify" compile example_verify "$root/examples/c/verify.c"
    check "$leg: build example threads" compile example_threads "$root/examples/c/threads.c"
}

# gives STATUS OUTPUT PROGRAM...: whether the program ends and speaks like this.
gives() {
    local wanted=$1 text=$2 status=0 said
    shift 2
    said=$(timeout -k 10 "$limit" "$@" 2>&1) || status=$?
    echo "$status: $said"
    [[ $status == "$wanted" && $said == "$text" ]]
}

run_examples() {
    local verify=$out/example_verify credential=$spire/s0.minted.jwt
    check "$leg: example verify allows" gives 0 "spiffe://example.org/minted" \
        "$verify" "$spire/s0.bundle.spiffe.json" "$credential"
    check "$leg: example verify denies" gives 1 "kid not found in trust bundle" \
        "$verify" "$spire/s4-old-revoked.bundle.spiffe.json" "$credential"
    check "$leg: example verify without files" gives 3 "trust bundle malformed: invalid JSON" "$verify"
    check "$leg: example threads" gives 0 \
        $'500 of 500 bundles taken\n2000 of 2000 verifications allowed' \
        "$out/example_threads" "$spire/s0.bundle.spiffe.json" "$credential"
}

run_programs() {
    run "$leg: contract" "$out/contract"
    run "$leg: vectors" "$out/vectors"
    run "$leg: threads" "$out/threads"
    run "$leg: stress" "$out/stress"
    run "$leg: header_two_tus" "$out/header_two_tus"
    run_examples
}

loads_library() { ldd "$1" | grep -F "=> $installed/libattestor.so" >/dev/null; }
stands_alone() { [[ -x $1 ]] && ! ldd "$1" | grep libattestor; }
has_sanitizers() { nm "$1" | grep __asan_init >/dev/null && nm "$1" | grep __ubsan_handle >/dev/null; }
has_no_sanitizers() { [[ -x $1 ]] && ! nm "$1" | grep -E '__(asan|ubsan)_' && ! ldd "$1" | grep -E 'lib(asan|ubsan)'; }

check_linkage() { # KIND
    case $1 in
    static) check "$leg: the library is inside" stands_alone "$out/contract" ;;
    shared) check "$leg: the library is loaded" loads_library "$out/contract" ;;
    esac
}

begin_leg() { # COMPILER KIND NAME
    cc=$1 leg="$1 $2 $3" out=$build/$1-$2-$3
    rm -rf "$out"
    mkdir -p "$out"
    set_link "$2"
    echo "== $leg"
}

plain_leg() {
    begin_leg "$1" "$2" plain
    extra=(-O2)
    build_programs
    check "$leg: build wipe" compile wipe "$here/test.c" "$here/material.c" "$here/wipe.c"
    check_linkage "$2"
    for program in contract threads stress; do
        check "$leg: no sanitizer in $program" has_no_sanitizers "$out/$program"
    done
    run_programs
    run "$leg: wipe" "$out/wipe"
}

sanitized_leg() {
    begin_leg "$1" "$2" sanitized
    extra=(-O1 "${sanitizers[@]}")
    build_programs
    check_linkage "$2"
    for program in contract vectors threads stress header_two_tus example_verify example_threads; do
        check "$leg: sanitizers in $program" has_sanitizers "$out/$program"
    done
    run_programs
}

# The programs of a plain leg again. valgrind runs one thread at a time: one round says as much as many.
valgrind_leg() {
    local leg="$1 $2 valgrind" out=$build/$1-$2-plain
    local memcheck=(valgrind -q --error-exitcode=99 --leak-check=full --fair-sched=yes
        "--errors-for-leak-kinds=definite,indirect,possible")
    local -A running
    echo "== $leg"
    start() { # NAME PROGRAM...: beside the others, each of which is one thread
        local name=$1
        shift
        timeout -k 10 "$limit" "${memcheck[@]}" "$@" >"$build/log.$name" 2>&1 &
        running[$name]=$!
    }
    start contract "$out/contract"
    start vectors "$out/vectors"
    start threads "$out/threads" 1
    start stress "$out/stress" 5
    for name in contract vectors threads stress; do
        local status=0
        wait "${running[$name]}" || status=$?
        judge "$leg: $name" $status "$build/log.$name"
    done
}

compilers=()
for cc in gcc clang; do
    if command -v $cc "$(cxx_of $cc)" >/dev/null; then compilers+=("$cc"); else echo "skipped: no $cc"; fi
done
((${#compilers[@]} > 0)) || { echo "no C compiler"; exit 1; }

check_exports "${compilers[0]}"
for cc in "${compilers[@]}"; do check_header "$cc"; done
for cc in "${compilers[@]}"; do
    for kind in static shared; do
        plain_leg "$cc" $kind
        if [[ $sanitize == yes ]]; then sanitized_leg "$cc" $kind; fi
    done
done
if [[ $valgrind == yes ]]; then valgrind_leg "${compilers[0]}" shared; fi

echo "$passed passed, $failed failed"
((failed == 0))
