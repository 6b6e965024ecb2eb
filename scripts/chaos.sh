#!/usr/bin/env bash
# chaos.sh [--servers "NAME..."] [--seeds N] [--seed S] [--cycles N] : programs that change files on a mount while the mount is killed with SIGKILL and the
# server's sessions are cut, at random points; after each the mount is made again and everything must be there that a call answered for, and at the end on the server.
# Servers: vsftpd, proftpd, pureftpd, openssh; all of them by default, as an ordinary user vsftpd alone. Default: 1 seed, 10 cycles of each (about a minute each).
# The same seed makes the same calls; where the kills fall is up to the machine.
set -euo pipefail
# shellcheck source=scripts/prerequisites.sh
. "$(dirname "$0")/prerequisites.sh"
# shellcheck source=scripts/servers.sh
. "$(dirname "$0")/servers.sh"

servers=vsftpd
[ "$(id -u)" != 0 ] || servers='vsftpd proftpd pureftpd openssh'
seeds=1 seed=1 cycles=10
program=${FTPMOUNT:-$artifacts/ftpmount}
while [ $# -gt 0 ]; do
  case $1 in
    --servers) servers=${2:?}; shift 2 ;;
    --seeds) seeds=${2:?}; shift 2 ;;
    --seed) seed=${2:?}; shift 2 ;;
    --cycles) cycles=${2:?}; shift 2 ;;
    *) echo "usage: chaos.sh [--servers \"NAME...\"] [--seeds N] [--seed S] [--cycles N]" >&2; exit 2 ;;
  esac
done

need_fuse
install_missing setpriv=util-linux
"$repository/scripts/install-test-servers.sh" --quiet
[ -n "${FTPMOUNT:-}" ] || "$repository/scripts/build.sh"

work=''
server=''
finish() {
  [ -n "$work" ] || return 0
  fusermount3 -uz "$work/mnt" 2>/dev/null || umount -l "$work/mnt" 2>/dev/null || true
  [ -z "$server" ] || { kill "$server" 2>/dev/null || true; }
  server=''
  [ -n "${failed:-}" ] || rm -rf --one-file-system "$work"
}
trap finish EXIT

for kind in $servers; do
  work=$(mktemp -d "${TMPDIR:-/tmp}/ftpmount-chaos-XXXXXX")
  chmod 755 "$work"
  mkdir "$work/served" "$work/mnt"
  start_server "$kind" "$work" "$work/served"
  for ((number = seed; number < seed + seeds; number++)); do
    if ! /usr/bin/python3 "$repository/scripts/chaos.py" --work "$work" --program "$program" --url "$url" --options "$options" --server "$server" \
      --seed "$number" --cycles "$cycles"; then
      failed=yes
      die "$kind: seed $number failed; the folders are kept in $work"
    fi
    find "$work/served" "$work/state" -mindepth 1 -delete
  done
  finish
done
