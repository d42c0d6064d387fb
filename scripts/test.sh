#!/usr/bin/env bash
# Every test: first those that need no clock, on all cores at once, then those that keep time with the world, alone.
# Arguments go to pytest (a file, -k ...); a part in which they select nothing is left out.
set -uo pipefail
cd "$(dirname "$0")/.."

part() {
	.venv/bin/python -m pytest "$@"
	local status=$?
	[ $status -eq 5 ] && return 0 # nothing selected
	return $status
}

failed=0
part -m "not live" -n auto --maxprocesses 4 --dist loadfile "$@" || failed=$?
part -m live "$@" || failed=$?
exit $failed
