#!/usr/bin/env bash
# Builds the demo guest into artifacts/guest: vmlinuz (and vmlinux, the same unpacked), initramfs.cpio.zst, and kernel/,
# the unpacked kernel package.
# The distribution's own kernel package is unpacked, never installed. What has not changed is not built again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "$here/../../artifacts/guest" && cd "$here/../../artifacts/guest" && pwd)
exec 9>"$out/.lock"
flock 9

fail() { echo "native/demo-guest/build.sh: $*" >&2; exit 1; }
for tool in gcc cpio zstd depmod modprobe apt-get dpkg; do command -v "$tool" >/dev/null || fail "$tool is missing: run ./dev setup"; done
[ -x /bin/busybox ] || fail "busybox-static is missing: run ./dev setup"

# Loaded before the first picture, and after it. A kernel that has one built in, or lacks it, is no error.
first='virtio-gpu bochs evdev virtio_input psmouse'
later='virtio_console xhci-pci ehci-pci uhci-hcd usbhid hid-generic hid-multitouch virtio_snd snd-intel8x0 snd-hda-codec-generic snd-hda-intel snd-pcm-oss'

# The newest kernel offered of the kind that has every driver; the metapackage says which package carries it.
kernel_packages() {
  local codename meta image
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  for meta in linux-image-amd64 linux-image-generic; do
    image=$(apt-cache show "$meta" 2>/dev/null | sed -n 's/^Depends:.*\b\(linux-image-\(unsigned-\)\?[0-9][^ ,]*\).*/\1/p' | sort -V | tail -n 1)
    [ -n "$image" ] || continue
    echo "$image"
    # Ubuntu keeps the modules in packages of their own.
    if [ "$meta" = linux-image-generic ]; then echo "${image/linux-image-/linux-modules-}"; echo "${image/linux-image-/linux-modules-extra-}"; fi
    return
  done
  fail "apt offers no kernel package (linux-image-amd64 or linux-image-generic); codename '$codename'"
}

unpack_kernel() {
  local packages work version
  if [ -f "$out/kernel/version" ] && [ -f "$out/vmlinuz" ]; then return; fi
  packages=$(kernel_packages)
  echo "unpacking $(echo $packages)"
  work="$out/kernel.new"
  rm -rf "$work" && mkdir -p "$work/deb" "$work/root"
  (cd "$work/deb" && apt-get -q -o APT::Sandbox::User=root download $packages) || fail "the kernel package could not be downloaded; run apt-get update"
  for deb in "$work"/deb/*.deb; do dpkg -x "$deb" "$work/root"; done
  rm -rf "$work/deb" "$work/root/usr/share"
  # With a merged /usr the modules come under usr/lib.
  if [ ! -d "$work/root/lib/modules" ]; then ln -s usr/lib "$work/root/lib"; fi
  version=$(ls "$work/root/lib/modules")
  depmod -b "$work/root" "$version"
  cp "$work/root/boot/vmlinuz-$version" "$out/vmlinuz"
  echo "$version" > "$work/version"
  rm -rf "$out/kernel" && mv "$work" "$out/kernel"
}

# The kernel itself out of its own decompressor: QEMU starts that too (PVH), and an emulated processor unpacks for two
# seconds. Where it lies is in the header (Documentation/arch/x86/boot.rst); what is packed otherwise is left out.
unpack_vmlinux() {
  local at length unpack packed="$out/vmlinux.packed"
  if [ -f "$out/vmlinux" ] && [ ! "$out/vmlinuz" -nt "$out/vmlinux" ]; then return; fi
  at=$(( ($(od -An -tu1 -j 497 -N 1 "$out/vmlinuz") + 1) * 512 + $(od -An -tu4 -j 584 -N 4 "$out/vmlinuz") ))
  # Behind all formats but gzip stands the size that it unpacks to.
  length=$(( $(od -An -tu4 -j 588 -N 4 "$out/vmlinuz") - 4 ))
  case $(od -An -tx1 -j "$at" -N 4 "$out/vmlinuz" | tr -d ' ') in
    28b52ffd) unpack='zstd -qdc' ;;
    fd377a58) unpack='xz -dc' ;;
    1f8b*) unpack='gzip -dc' length=$((length + 4)) ;;
    *) rm -f "$out/vmlinux"; return ;;
  esac
  tail -c "+$((at + 1))" "$out/vmlinuz" | head -c "$length" > "$packed" || true
  if $unpack "$packed" > "$out/vmlinux.new"; then mv "$out/vmlinux.new" "$out/vmlinux"; else rm -f "$out/vmlinux.new" "$out/vmlinux"; fi
  rm -f "$packed"
}

add_modules() { # LIST NAME…: copies each with what it needs, in order, and writes the order down
  local list=$1 name path version
  shift
  version=$(cat "$out/kernel/version")
  for name in "$@"; do
    { modprobe -d "$out/kernel/root" -S "$version" --show-depends "$name" 2>/dev/null || true; } | sed -n 's/^insmod \([^ ]*\).*/\1/p' | while read -r path; do
      local file
      file=$(basename "$path")
      file=${file%.xz} && file=${file%.zst}
      if [ ! -f "$root/modules/$file" ]; then
        case $path in
          *.xz) xz -dc "$path" > "$root/modules/$file" ;;
          *.zst) zstd -qdc "$path" > "$root/modules/$file" ;;
          *) cp "$path" "$root/modules/$file" ;;
        esac
        echo "$file" >> "$root/modules/$list"
      fi
    done
  done
  [ -s "$root/modules/$list" ] || fail "the kernel package has none of: $*"
}

unpack_kernel
unpack_vmlinux
key=$(cat "$here"/*.c "$here"/*.h "$here"/scenes/*.c "$here/build.sh" "$out/kernel/version" /bin/busybox | sha256sum | cut -c1-16)
if [ "$(cat "$out/key" 2>/dev/null)" = "$key" ] && [ -f "$out/initramfs.cpio.zst" ]; then exit 0; fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,proc,sys,tmp,modules}
gcc -std=gnu11 -O2 -static -Wall -Wextra -Werror -Wshadow -I/usr/include/libdrm "$here"/*.c "$here"/scenes/*.c -lm -o "$root/init"
strip "$root/init"
cp /bin/busybox "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
add_modules first $first
add_modules later $later
# The console that PID 1's standard files are opened on must exist before devtmpfs is mounted; without it they stay closed.
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | zstd -q -3 -T0) > "$out/initramfs.cpio.zst.new"
mv "$out/initramfs.cpio.zst.new" "$out/initramfs.cpio.zst"
echo "$key" > "$out/key"
du -h "$out/vmlinuz" "$out/initramfs.cpio.zst"
