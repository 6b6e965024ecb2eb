# shellcheck shell=bash
# prerequisites.sh : sourced by the other scripts; finds the repository and the .NET SDK, and installs packages that are missing.
# Sets: repository, artifacts.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034  # used by those who source this
artifacts=$repository/artifacts
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# as_root COMMAND... : runs it as root, through sudo where needed; 126 when neither is possible
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then sudo "$@"
  else return 126; fi
}

# install_missing COMMAND=PACKAGE... : installs the packages whose command is not on the path (an absolute path is looked up as a file)
install_missing() {
  local pair packages=()
  for pair in "$@"; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%=*}" >/dev/null || [ -e "${pair%%=*}" ] || packages+=("${pair#*=}")
  done
  install_packages "${packages[@]}"
}

# install_packages PACKAGE... : with apt-get; says so first; does nothing without arguments
install_packages() {
  [ $# -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "missing: $*. This is not a Debian or Ubuntu system: install them by hand"
  say "Installing with apt-get: $*"
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@")
  as_root "${install[@]}" >/dev/null 2>&1 && return 0
  # A fresh machine has no package lists, or stale ones.
  as_root apt-get update -qq >/dev/null 2>&1 || true
  as_root "${install[@]}" >/dev/null || die "cannot install $*; as root: apt-get install $*"
}

# need_dotnet : the SDK, of .NET 10 or later
need_dotnet() {
  command -v dotnet >/dev/null || PATH=$PATH:${DOTNET_ROOT:-$HOME/.dotnet}
  command -v dotnet >/dev/null \
    || die "the .NET 10 SDK is not here (no dotnet on the path). See https://dotnet.microsoft.com/download/dotnet/10.0"
  dotnet --list-sdks | grep -q '^1[0-9]\.' \
    || die "the .NET 10 SDK is needed; there is only: $(dotnet --list-sdks | tr '\n' ' '). See https://dotnet.microsoft.com/download/dotnet/10.0"
}

# need_fuse : fusermount3, and a /dev/fuse that this user may open
need_fuse() {
  install_missing fusermount3=fuse3
  if [ ! -e /dev/fuse ] && [ "$(id -u)" = 0 ] && command -v modprobe >/dev/null; then modprobe fuse 2>/dev/null || true; fi
  [ -e /dev/fuse ] \
    || die "/dev/fuse is not here. On a machine: sudo modprobe fuse. In a container: start it with --device /dev/fuse --cap-add SYS_ADMIN"
  if [ ! -r /dev/fuse ] || [ ! -w /dev/fuse ]; then
    die "/dev/fuse may not be opened by $(id -un) ($(stat -c '%A %U:%G' /dev/fuse)). As root: chmod 666 /dev/fuse"
  fi
}
