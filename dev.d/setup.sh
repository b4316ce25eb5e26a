# System packages: checked with one dpkg-query, installed only when something is missing.

# What each group is for. NAME>=VERSION: an older one is replaced, on Debian 12 out of backports.
packages_of() {
  case $1 in
    build) echo gcc clang make pkg-config zlib1g-dev libx264-dev libopus-dev libssl-dev libsystemd-dev libavcodec-dev \
                libavutil-dev libva-dev libvulkan-dev libegl-dev libgles-dev libdrm-dev libgbm-dev glslc spirv-tools \
                khronos-api libopus0 $(turbojpeg) libc6-dev linux-libc-dev ;;
    vm)    echo 'qemu-system-x86>=1:9.2' qemu-system-modules-opengl seabios busybox-static cpio zstd xz-utils kmod dpkg-dev dbus-daemon ;;
    test)  echo chromium ffmpeg mesa-vulkan-drivers libgl1-mesa-dri libegl1 libgles2 vulkan-tools dbus socat iproute2 \
                barrier xvfb x11-utils x11-xkb-utils xclip xdotool fonts-dejavu-core ;;
    bench) echo novnc websockify spice-html5 qemu-system-modules-spice libyuv-dev procps ;;
  esac
}

turbojpeg() { . /etc/os-release && if [ "${ID:-}" = ubuntu ]; then echo libturbojpeg; else echo libturbojpeg0; fi; }

# Without these the group's commands still work in part; a distribution that does not offer them gets a line, not a stop.
OPTIONAL=' qemu-system-modules-opengl qemu-system-modules-spice barrier spice-html5 chromium libyuv-dev khronos-api '

missing_packages() { # GROUP…: prints the names that have to be installed
  local wanted=() entry name group installed
  for group in "$@"; do wanted+=($(packages_of "$group")); done
  has_dotnet || wanted+=(dotnet-sdk-10.0)
  # The page's type check; a Node.js that did not come from the distribution does as well.
  if [[ " $* " == *" test "* ]] && ! { command -v node && command -v npm; } >/dev/null; then wanted+=(nodejs npm); fi
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' "${wanted[@]%%>=*}" 2>/dev/null || true)
  for entry in "${wanted[@]}"; do
    name=${entry%%>=*}
    version=$(awk -v p="$name" '$1 == "installed" && $2 == p { print $3; exit }' <<<"$installed")
    if [ -z "$version" ]; then echo "$name"
    elif [ "$entry" != "$name" ] && ! dpkg --compare-versions "$version" ge "${entry#*>=}" && offers_newer "$name" "${entry#*>=}"; then echo "$name"
    fi
  done
}

# An older QEMU is only worth replacing where a newer one is offered: Debian 12's backports.
offers_newer() {
  [ "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" = bookworm ]
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@"; }

has_backports() { apt-get indextargets --format '$(RELEASE)' 'Created-By: Packages' | grep -qx bookworm-backports; }

# Debian 12 has the QEMU, Mesa and kernel that the project is about in its backports. The suite is at the same address as
# the machine's own, so that mirrors and proxies keep working: apt itself says which address and key that is.
add_backports() {
  local suite=bookworm-backports uri='' entry key='' options='' u r c e
  while read -r u r c e; do
    if [ "$r" = bookworm ] && [ "$c" = main ]; then uri=$u entry=$e; break; fi
  done < <(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(SOURCESENTRY)' 'Created-By: Packages')
  [ -n "$uri" ] || { echo "apt has no source for bookworm main, so its backports cannot be found" >&2; return 1; }
  key=$(signed_by "${entry%:*}" "${entry##*:}")
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n%s' "$uri" "$suite" "${key:+Signed-By: $key
}" | as_root tee /etc/apt/sources.list.d/qzc-backports.sources >/dev/null
  echo "added $suite at $uri"
}

signed_by() { # FILE NUMBER: the key of one apt source; NUMBER is a stanza in a .sources file, a line in a .list file
  case $1 in
    *.sources) awk -v n="$2" 'BEGIN { RS = "" } { gsub(/(^|\n)#[^\n]*/, "") } NR == n' "$1" \
                 | sed -n 's/^Signed-By:[[:space:]]*\(\/[^[:space:]]*\).*/\1/Ip' | head -n 1 ;;
    *) sed -n "${2}p" "$1" | sed -n 's/.*signed-by=\([^] ]*\).*/\1/p' ;;
  esac
}

install_packages() { # NAME…
  local codename from=() name offered=() policy
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  apt update || return
  if [ "$codename" = bookworm ]; then
    # apt tells of its sources only once their indexes are there; a fresh machine has none before the first update.
    if ! has_backports; then add_backports && apt update || return; fi
    from=(-t bookworm-backports)
  fi
  policy=$(apt-cache policy "$@")
  for name in "$@"; do
    if awk -v p="$name:" '$0 == p { on = 1; next } on && /Candidate:/ { exit $2 == "(none)" } /^[^ ]/ { on = 0 }
        END { if (!on) exit 1 }' <<<"$policy"; then offered+=("$name")
    elif [[ $OPTIONAL == *" $name "* ]]; then echo "MISSING $name is not offered by this distribution; what needs it will say so"
    else echo "MISSING $name is not offered by this distribution and cannot be done without"; return 1
    fi
  done
  if [ ${#offered[@]} -gt 0 ]; then apt install -y --no-install-recommends "${from[@]}" "${offered[@]}"; fi
}

# The SDK comes from the distribution where that has it (Ubuntu does), else from whoever runs the machine.
has_dotnet() { command -v dotnet >/dev/null && dotnet --list-sdks | grep -q '^10\.'; }

offers() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [0-9]'; }

setup() { # GROUP…
  local missing group
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null \
    || die "set-up knows Debian and Ubuntu only; install these by hand and set QZC_NO_SETUP=1: $(for g in "$@"; do packages_of "$g"; done | tr '\n' ' ')"
  if ! has_dotnet && ! offers dotnet-sdk-10.0; then
    die "the .NET SDK 10 is missing, and this distribution has no package of it: see https://learn.microsoft.com/dotnet/core/install/linux"
  fi
  missing=$(missing_packages "$@" | tr '\n' ' ')
  # What the distribution does not have was said when it was looked for; asking apt again each time would cost seconds.
  if [ -f artifacts/setup.unoffered ]; then missing=$(comm -23 <(tr ' ' '\n' <<<"$missing" | sort) <(sort artifacts/setup.unoffered) | tr '\n' ' '); fi
  if [ -n "${missing// /}" ]; then
    if [ -n "${QZC_NO_SETUP:-}" ]; then die "missing packages (QZC_NO_SETUP is set): $missing"; fi
    if [ "$(id -u)" -ne 0 ]; then
      command -v sudo >/dev/null || die "these packages are missing, and installing them needs root or sudo: $missing"
      sudo -v || die "these packages are missing, and sudo was refused: $missing"
    fi
    say "installing: $missing"
    step "setup packages" install_packages $missing || die "packages could not be installed"
    sed -n 's/^MISSING \([^ ]*\) .*/\1/p' "$LOGS/setup-packages.log" >> artifacts/setup.unoffered
    sed -n 's/^MISSING /  /p' "$LOGS/setup-packages.log" >&2
  fi
  has_dotnet || die "dotnet is installed but has no SDK 10: install the package dotnet-sdk-10.0"
}
