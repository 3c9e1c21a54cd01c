#!/bin/sh
# Let the fuzzers of build/fuzz run, two at a time.
# usage: tests/fuzz/run.sh SECONDS READER…   Ends with `N passed, N failed`.
seconds=$1
shift
rm -f build/fuzz/*.passed
export seconds
printf '%s\n' "$@" | xargs -P 2 -I READER sh -c '
    if build/fuzz/$1 -max_total_time="$seconds" -max_len=8192 -verbosity=0 -timeout=10 \
        -rss_limit_mb=1024 -artifact_prefix=build/fuzz/$1- build/fuzz/corpus/$1 >build/fuzz/$1.log 2>&1
    then
        : >build/fuzz/$1.passed
        echo "  fuzz $1, $seconds s: nothing found"
    else
        echo "  FAILED fuzz $1"
        tail -n 60 build/fuzz/$1.log
    fi' - READER
passed=0
for reader; do
    [ ! -e "build/fuzz/$reader.passed" ] || passed=$((passed + 1))
done
echo "$passed passed, $(($# - passed)) failed"
[ $passed = $# ]
