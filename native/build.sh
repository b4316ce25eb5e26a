#!/usr/bin/env bash
# Compiles every native/LIBRARY/*.c into artifacts/native/libqzcnative.{so,a}.
# MSBuild calls this before Interop is compiled; a second call with nothing changed takes a few ms.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out="$here/../artifacts/native"
mkdir -p "$out"

need() { # LIBRARY HEADER PACKAGE: says in one line what to install, in the form that IDEs and MSBuild show as an error
  [ -d "$here/$1" ] || return 0
  printf '#include <%s>\n' "$2" | "${CC:-gcc}" -E -x c - -o /dev/null 2>/dev/null && return 0
  echo "native/build.sh: error QZCN01: <$2> is missing, which native/$1 is compiled against: run ./dev setup, or install $3" >&2
  exit 1
}
command -v "${CC:-gcc}" >/dev/null || { echo "native/build.sh: error QZCN02: no C compiler: run ./dev setup, or install gcc" >&2; exit 1; }
command -v make >/dev/null || { echo "native/build.sh: error QZCN03: make is missing: run ./dev setup, or install make" >&2; exit 1; }
need x264 x264.h libx264-dev
need ffmpeg libavcodec/avcodec.h "libavcodec-dev libavutil-dev"
need va va/va.h libva-dev

# Both target frameworks of a solution build arrive here at the same time.
exec 9>"$out/.lock"
flock 9
exec make --no-print-directory -s -C "$here" OUT="$(cd "$out" && pwd)" -j"$(nproc)"
