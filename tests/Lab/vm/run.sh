#!/usr/bin/env bash
# Runs inside the lab VM. /run/lab is artifacts/lab/out on the host.
set -u
export HOME=/tmp PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin XDG_RUNTIME_DIR=/run
lab=$(cd "$(dirname "$0")/../../.." && pwd)/artifacts/lab
cd /tmp
"$lab/bin/qzc-lab" devices buffers images endurance /run/lab/report.jsonl
echo "lab: the probe ended with $?"

# A QEMU of our own on virtio-gpu's render node: its gl=on display hands out real DMA-BUFs.
qemu-system-x86_64 -accel tcg -m 64 -nodefaults -no-user-config -vga none -device virtio-vga-gl -serial null -monitor none \
  -display dbus,p2p=yes,gl=on,rendernode=/dev/dri/renderD128 -qmp unix:/tmp/qmp,server=on,wait=off \
  -drive "file=$lab/motion.img,format=raw,if=ide,snapshot=on" </dev/null >/run/lab/qemu.log 2>&1 &
qemu=$!
for _ in $(seq 300); do [ -S /tmp/qmp ] && break; sleep 0.1; done
timeout 240 "$lab/bin/qzc-lab" qemu /run/lab/report.jsonl
echo "lab: the probe of QEMU ended with $?"
kill "$qemu" && wait "$qemu"
