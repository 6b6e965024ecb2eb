#!/usr/bin/env bash
# install-test-servers.sh [--quiet]
#
# Makes the servers that the tests run against available, and does nothing when they already are:
#   - vsftpd, ProFTPD and Pure-FTPd conflict with each other as packages, so they are downloaded with apt-get and unpacked
#     side by side, with the libraries they lack, into ${XDG_CACHE_HOME:-~/.cache}/ftpmount-tests/servers; nothing of them is installed;
#   - inetutils-ftpd and dropbear likewise; busybox's ftpd is in no package and built from the source package (gcc and make);
#   - OpenSSH, pyftpdlib, fuse3 and openssl are installed with apt-get (as root, or through sudo);
#   - as root, a system user "ftpmount-test" with a random password (kept in /var/lib/ftpmount-tests, readable by root only),
#     no shell and a cheap password hash, and a PAM service of the same name. The servers let this user in.
# Several test programs may call it at the same time: a lock file orders them.
set -euo pipefail

quiet=
[ "${1:-}" = --quiet ] && quiet=1
say() { [ -n "$quiet" ] || printf '%s\n' "$*"; }
die() { printf 'install-test-servers.sh: %s\n' "$*" >&2; exit 1; }

cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/ftpmount-tests
servers=$cache/servers
account=ftpmount-test
state=/var/lib/ftpmount-tests

# The lock's descriptors stay here: a daemon that a package starts must not keep them.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@" 8>&- 9>&-
  elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then sudo "$@" 8>&- 9>&-
  else return 126; fi
}

mkdir -p "$servers"
exec 9>"$cache/install.lock"
flock -w 600 9 || die "another installation holds $cache/install.lock since ten minutes"

updated=
refresh_lists() {
  [ -z "$updated" ] || return 0
  updated=1
  # Lists younger than a day are believed; apt-get update takes longer than everything else here.
  [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mtime -1 -print -quit 2>/dev/null)" ] || return 0
  say "Refreshing the package lists (apt-get update)"
  as_root apt-get update -qq >/dev/null || say "apt-get update failed; going on with the lists at hand"
}

# --- what can be installed in the ordinary way -------------------------------------------------------------------------
missing=()
[ -x /usr/sbin/sshd ] || missing+=(openssh-server)
command -v sftp >/dev/null || missing+=(openssh-client)
[ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import pyftpdlib, OpenSSL' 2>/dev/null || missing+=(python3-pyftpdlib python3-openssl)
command -v fusermount3 >/dev/null || missing+=(fuse3)
command -v openssl >/dev/null || missing+=(openssl)
[ -x "$servers/busybox/busybox" ] || {
  command -v make >/dev/null || missing+=(make)
  command -v gcc >/dev/null || missing+=(gcc)
  [ -f /usr/include/crypt.h ] || missing+=(libc6-dev)
  command -v bzip2 >/dev/null || missing+=(bzip2)
}
if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || die "apt-get is not here; install by hand what is missing: ${missing[*]}"
  refresh_lists
  say "Installing with apt-get: ${missing[*]}"
  had_sshd=
  [ -x /usr/sbin/sshd ] && had_sshd=1
  install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}")
  as_root "${install[@]}" >/dev/null \
    || { as_root apt-get update -qq >/dev/null && as_root "${install[@]}" >/dev/null; } \
    || die "cannot install ${missing[*]}; run this script as root, or: sudo apt-get install ${missing[*]}"
  # The package starts a daemon of its own where there is systemd; the tests do not want a machine that suddenly lets people in.
  if [ -z "$had_sshd" ] && [ -d /run/systemd/system ]; then
    as_root systemctl disable --now ssh >/dev/null 2>&1 || true
    say "The system's own ssh service, which came with openssh-server, is left switched off"
  fi
fi

# --- the ones that conflict, or would start a daemon -------------------------------------------------------------------------------------------
# unpack FOLDER PROGRAM PACKAGE... : unpacks the packages, and the libraries they need that this machine lacks, into FOLDER
unpack() {
  local folder=$servers/$1 program=$2; shift 2
  [ -f "$folder/.complete" ] && [ -x "$folder/$program" ] && return 0
  command -v apt-get >/dev/null || die "apt-get is not here; the tests' servers come from a Debian or Ubuntu archive"
  refresh_lists
  local packages=("$@") libraries work
  mapfile -t libraries < <(apt-get install -s --no-install-recommends "$@" 2>/dev/null | awk '$1 == "Inst" && $2 ~ /^lib/ { print $2 }')
  say "Unpacking into $folder: ${packages[*]}${libraries[*]:+ (with ${libraries[*]})}"
  work=$(mktemp -d "$servers/.unpack.XXXXXX")
  (
    cd "$work"
    apt-get download -qq "${packages[@]}" "${libraries[@]}" >download.log 2>&1 \
      || { as_root apt-get update -qq >/dev/null 2>&1; apt-get download -qq "${packages[@]}" "${libraries[@]}" >download.log 2>&1; } \
      || { cat download.log >&2; exit 1; }
    for archive in *.deb; do dpkg -x "$archive" tree; done
  ) || { rm -rf "$work"; die "cannot download ${packages[*]}"; }
  touch "$work/tree/.complete"
  chmod -R go+rX "$work/tree"
  rm -rf "$folder"
  mv "$work/tree" "$folder"
  rm -rf "$work"
}
unpack vsftpd usr/sbin/vsftpd vsftpd
unpack proftpd usr/sbin/proftpd proftpd-core proftpd-mod-crypto
unpack pure-ftpd usr/sbin/pure-ftpd pure-ftpd pure-ftpd-common
unpack inetutils-ftpd usr/sbin/ftpd inetutils-ftpd
unpack dropbear usr/sbin/dropbear dropbear-bin

# --- the one that the distribution leaves out ---------------------------------------------------------------------------
# The packages of busybox have no ftpd, so their source is fetched from the same archive and built with what is needed of it: ftpd, and tcpsvd,
# which listens for it and for inetutils-ftpd. Its package lists go into a folder of their own; the machine's sources are left alone.
build_busybox() {
  local folder=$servers/busybox work archive suite keyring option
  [ -f "$folder/.complete" ] && [ -x "$folder/busybox" ] && return 0
  work=$(mktemp -d "$servers/.unpack.XXXXXX")
  archive=$(apt-get download --print-uris busybox 2>/dev/null | sed -n "s|^'\(.*\)/pool/.*|\1|p" | head -1)
  # shellcheck source=/dev/null
  suite=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  keyring=$(ls /usr/share/keyrings/"$(. /etc/os-release && printf '%s' "${ID:-}")"-archive-keyring.gpg 2>/dev/null || true)
  [ -n "$archive" ] && [ -n "$suite" ] || { rm -rf "$work"; die "cannot tell where the source of busybox comes from"; }
  say "Building busybox from its source package into $folder"
  (
    cd "$work"
    echo "deb-src ${keyring:+[signed-by=$keyring] }$archive $suite main" >source.list
    mkdir -p lists/partial
    own=(-o "Dir::Etc::SourceList=$work/source.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$work/lists")
    { apt-get "${own[@]}" update -qq && apt-get "${own[@]}" source -qq --download-only busybox; } >download.log 2>&1 || { cat download.log >&2; exit 1; }
    mkdir source
    tar -xf busybox_*.orig.tar.* -C source --strip-components=1
    cd source
    {
      make allnoconfig
      for option in FTPD FEATURE_FTPD_WRITE FEATURE_FTPD_AUTHENTICATION FEATURE_SHADOWPASSWDS LS FEATURE_LS_TIMESTAMPS FEATURE_LS_USERNAME \
          TCPSVD FEATURE_IPV6 LFS LONG_OPTS UNICODE_SUPPORT UNICODE_COMBINING_WCHARS UNICODE_WIDE_WCHARS; do
        sed -i "s/^# CONFIG_$option is not set/CONFIG_$option=y/" .config
      done
      (yes '' || true) | make oldconfig
      # Names in all of Unicode, as the distribution's own busybox shows them.
      sed -i "s/^CONFIG_LAST_SUPPORTED_WCHAR=.*/CONFIG_LAST_SUPPORTED_WCHAR=0/" .config
      make -j"$(nproc)"
    } >build.log 2>&1 || { tail -20 build.log >&2; exit 1; }
  ) || { rm -rf "$work"; die "cannot build busybox"; }
  mkdir "$work/tree"
  mv "$work/source/busybox" "$work/tree/busybox"
  touch "$work/tree/.complete"
  chmod -R go+rX "$work/tree"
  rm -rf "$folder"
  mv "$work/tree" "$folder"
  rm -rf "$work"
}
# In a shell of its own: an archive without sources must not take the other servers away; the tests on it say then why they are skipped.
(build_busybox) || say "busybox's ftpd is not to be had here; the tests on it are skipped"

# --- the account (root only: an ordinary user's servers run as that user) ------------------------------------------------
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$state"; chmod 700 "$state"
  exec 8>"$state/lock"
  flock -w 600 8 || die "$state/lock is held since ten minutes"
  if ! id "$account" >/dev/null 2>&1; then
    say "Creating the system user $account (no shell, random password)"
    # The home must exist: vsftpd goes there before it looks at its own configuration.
    useradd --system --no-create-home --home-dir / --shell /usr/sbin/nologin --user-group "$account"
    rm -f "$state/password"
  fi
  if [ ! -s "$state/password" ]; then
    (umask 077; head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$state/password.new")
    # A cheap hash: with the default one (yescrypt) every login costs 90 ms of the server's CPU.
    echo "$account:$(cat "$state/password.new")" | chpasswd -c SHA512 -s 1000
    mv "$state/password.new" "$state/password"
  fi
  if [ -d /etc/pam.d ] && [ ! -f "/etc/pam.d/$account" ]; then
    printf '%s\n' '# FTP servers started by the tests of FtpMount' 'auth required pam_unix.so' 'account required pam_unix.so' >"/etc/pam.d/$account"
  fi
  mkdir -p /run/sshd
fi
say "The test servers are ready in $servers"
