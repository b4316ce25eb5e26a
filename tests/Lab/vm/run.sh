#!/usr/bin/env bash
# Runs inside the lab VM. /run/lab is artifacts/lab/out on the host.
set -u
export HOME=/tmp PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin XDG_RUNTIME_DIR=/run
here=$(cd "$(dirname "$0")" && pwd)
probe=$(cd "$here/../../.." && pwd)/artifacts/lab/bin/qzc-lab
cd /tmp
"$probe" ${LAB_SCENARIOS:-devices buffers endurance} /run/lab/report.jsonl
echo "lab: the probe ended with $?"
