#!/usr/bin/env bash
# Builds artifacts/lab/initramfs.cpio.gz: busybox and the modules that give a VM the host's root over 9p, and DRM nodes.
# The kernel is the demo guest's (artifacts/guest/kernel, unpacked from the distribution's package).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
kernel=$repository/artifacts/guest/kernel
out=$repository/artifacts/lab
version=$(cat "$kernel/version")
mkdir -p "$out"
key=$(cat "$here/build.sh" "$here/init" "$here/screen.S" "$kernel/version" | sha256sum | cut -c1-16)
if [ "$(cat "$out/key" 2>/dev/null)" = "$key" ] && [ -f "$out/initramfs.cpio.gz" ]; then exit 0; fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,proc,sys,host,over,root,modules}
cp /bin/busybox "$root/bin/busybox"
install -m 755 "$here/init" "$root/init"
for name in virtio_pci 9pnet_virtio 9p overlay virtio-gpu vgem uinput; do
  { modprobe -d "$kernel/root" -S "$version" --show-depends "$name" 2>/dev/null || true; } | sed -n 's/^insmod \([^ ]*\).*/\1/p' | while read -r path; do
    file=$(basename "${path%.xz}")
    [ ! -f "$root/modules/$file" ] || continue
    case $path in *.xz) xz -dc "$path" > "$root/modules/$file" ;; *) cp "$path" "$root/modules/$file" ;; esac
    echo "$file" >> "$root/modules/order"
  done
done
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1 > "$out/initramfs.cpio.gz")
as --32 "$here/screen.S" -o "$root/screen.o"
ld -m elf_i386 --oformat binary -Ttext 0x7c00 -o "$out/screen.img" "$root/screen.o"
echo "$key" > "$out/key"
