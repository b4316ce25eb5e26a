#!/usr/bin/env bash
# Runs inside the lab VM. /run/lab is artifacts/lab/out on the host.
set -u
export HOME=/tmp PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin XDG_RUNTIME_DIR=/run
lab=$(cd "$(dirname "$0")/../../.." && pwd)/artifacts/lab
cd /tmp
for scenario in devices buffers images endurance storm qzc; do
  timeout 500 "$lab/bin/qzc-lab" "$scenario" /run/lab/report.jsonl
  echo "lab: $scenario ended with $? at $(cut -d' ' -f1 /proc/uptime) s"
done
LIBVA_DRIVERS_PATH="$lab/../va-software" LIBVA_DRIVER_NAME=software timeout 60 "$lab/../publish/qzc" doctor >/run/lab/doctor.txt 2>&1
