#!/usr/bin/env bash
# Set-up of a fresh Debian or Ubuntu machine: scripts/setup.sh run|test|mind|capture
#   run   what a show needs       test  that, and what the tests need       mind  torch and transformers
#   capture  mediapipe, for a person before a camera
# A second run with nothing to do takes well under a second. See README.md for macOS and Windows.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-run}
say() { printf 'set-up: %s\n' "$*" >&2; }
stop() { say "$*"; exit 2; }

case $what in
run) locks="requirements.lock" ;;
test) locks="requirements.lock requirements-mind.lock requirements-capture.lock requirements-test.lock" ;;
capture) locks="requirements.lock requirements-capture.lock" ;;
mind) locks="requirements.lock requirements-mind.lock" ;;
*) stop "unknown word '$what'; use run, test, mind or capture" ;;
esac

# ---- system packages: only what is missing ------------------------------------------------------------
need=()
has_library() { { ldconfig -p 2>/dev/null || /sbin/ldconfig -p; } | grep -q "$1"; }
if [ "$(uname -s)" = Linux ]; then
	has_library libEGL.so.1 || need+=(libegl1)
	has_library libGL.so.1 || need+=(libgl1)
	has_library libEGL_mesa.so.0 || need+=(libegl-mesa0)
	{ ls /usr/lib/*/dri/swrast_dri.so /usr/lib/*/libgallium*.so 2>/dev/null || true; } | grep -q . || need+=(libgl1-mesa-dri)
	has_library libflite_cmu_us_slt.so.1 || need+=(libflite1)
	if [ "$what" = test ]; then
		command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || need+=(chromium)
		command -v ffmpeg >/dev/null || need+=(ffmpeg)
	fi
	python3 -c 'import ensurepip, venv' 2>/dev/null || need+=(python3 python3-venv)
fi
if [ ${#need[@]} -gt 0 ]; then
	command -v apt-get >/dev/null || stop "these are missing: ${need[*]}. Install them with your system's package manager and run this again."
	install="apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${need[*]}"
	if [ "$(id -u)" = 0 ]; then
		say "installing ${need[*]}"
		sh -c "$install" >/dev/null || stop "apt could not install them; run: sudo sh -c '$install'"
	elif sudo -n true 2>/dev/null; then
		say "installing ${need[*]}"
		sudo sh -c "$install" >/dev/null || stop "apt could not install them; run: sudo sh -c '$install'"
	else
		stop "run this once, then again what you ran: sudo sh -c '$install'"
	fi
fi

# ---- Python and its packages --------------------------------------------------------------------------
mark=".venv/.limelight-$what"
wanted=$(cat pyproject.toml $locks scripts/setup.sh | cksum)
if [ -x .venv/bin/limelight ] && [ -f "$mark" ] && [ "$(cat "$mark")" = "$wanted" ]; then exit 0; fi

python=""
for candidate in python3.13 python3.12 python3.11 python3; do
	if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
		python=$(command -v "$candidate")
		break
	fi
done
[ -n "$python" ] || stop "Python 3.11, 3.12 or 3.13 is needed and was not found; on Debian 12, Ubuntu 24.04 or newer: sudo apt-get install python3 python3-venv"

if ! .venv/bin/python -c 'import sys' 2>/dev/null; then
	say "making .venv with $("$python" --version)"
	"$python" -m venv .venv || stop "could not make .venv; on Debian and Ubuntu: sudo apt-get install python3-venv"
fi
say "installing from ${locks// /, }"
requirements=()
for lock in $locks; do requirements+=(-r "$lock"); done
.venv/bin/python -m pip install -q --disable-pip-version-check "${requirements[@]}" || stop "pip could not install the packages above; check the network and run this again"
.venv/bin/python -m pip install -q --disable-pip-version-check --no-deps -e . >/dev/null 2>&1 || stop "pip could not install limelight itself"
.venv/bin/python -m compileall -q audio avatar characters stage || true # a first start is spared the compiling
for word in run test mind capture; do
	case $what in
	run) [ $word = run ] || continue ;;
	mind) [ $word = run ] || [ $word = mind ] || continue ;;
	capture) [ $word = run ] || [ $word = capture ] || continue ;;
	esac
	case $word in
	run) covered="requirements.lock" ;;
	test) covered="requirements.lock requirements-mind.lock requirements-capture.lock requirements-test.lock" ;;
	capture) covered="requirements.lock requirements-capture.lock" ;;
	mind) covered="requirements.lock requirements-mind.lock" ;;
	esac
	cat pyproject.toml $covered scripts/setup.sh | cksum >".venv/.limelight-$word"
done
say "done"
