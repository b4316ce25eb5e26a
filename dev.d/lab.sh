# The lab: a VM with real DRM nodes, in which the gl=on path runs (tests/Lab).

lab_probe() {
  local framework
  framework=$(aot_framework)
  step "publish qzc-lab ($framework, Native AOT)" \
    compile publish tests/Lab/Probe -f "$framework" -p:QzcAotFramework="$framework" -r linux-x64 -c Release \
      --artifacts-path artifacts/aot -o artifacts/lab/bin -p:RunAnalyzers=false -v q || exit 1
}

# The VA driver without hardware, which stands in for a GPU's encoder.
lab_va_driver() {
  step "software VA driver" make -s -C tests/native/va-software OUT="$PWD/artifacts/va-software" || exit 1
}

# Whether QEMU gets as far as a kernel's first line here; some sandboxes let it start and nothing more.
lab_can_run() {
  command -v qemu-system-x86_64 >/dev/null || return 1
  timeout 60 qemu-system-x86_64 -accel tcg -m 256 -nodefaults -no-user-config -no-reboot -display none -serial stdio \
    -kernel artifacts/guest/vmlinuz -append 'console=ttyS0 panic=-1' </dev/null 2>&1 | grep -a 'Linux version' >/dev/null
}

# What the lab runs, but for the published qzc and the guest. A machine that has no use for it is remembered in a file,
# as this may run in a shell of its own.
prepare_lab() {
  mkdir -p artifacts/lab
  rm -f artifacts/lab/skipped
  if ! lab_can_run; then touch artifacts/lab/skipped; return; fi
  lab_probe
  lab_va_driver
  step "lab initramfs" tests/Lab/vm/build.sh || exit 1
}

run_lab() {
  if [ -f artifacts/lab/skipped ]; then say "  the lab is skipped: QEMU cannot boot a kernel on this machine"; return; fi
  run_project Lab 1000
}

suite_lab() {
  guest
  publish
  prepare_lab
  run_lab
}
