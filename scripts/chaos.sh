#!/usr/bin/env bash
# chaos.sh [--seeds N] [--seed S] [--cycles N] : programs that change files on a mount of vsftpd while the mount is killed with SIGKILL and the server's
# sessions are cut, at random points; after each the mount is made again and everything must be there that a call answered for, and at the end on the server.
# Default: 1 seed, 10 cycles (about a minute). The same seed makes the same calls; where the kills fall is up to the machine.
set -euo pipefail
# shellcheck source=scripts/prerequisites.sh
. "$(dirname "$0")/prerequisites.sh"
# shellcheck source=scripts/vsftpd.sh
. "$(dirname "$0")/vsftpd.sh"

seeds=1 seed=1 cycles=10
program=${FTPMOUNT:-$artifacts/ftpmount}
while [ $# -gt 0 ]; do
  case $1 in
    --seeds) seeds=${2:?}; shift 2 ;;
    --seed) seed=${2:?}; shift 2 ;;
    --cycles) cycles=${2:?}; shift 2 ;;
    *) echo "usage: chaos.sh [--seeds N] [--seed S] [--cycles N]" >&2; exit 2 ;;
  esac
done

need_fuse
install_missing setpriv=util-linux
"$repository/scripts/install-test-servers.sh" --quiet
[ -n "${FTPMOUNT:-}" ] || "$repository/scripts/build.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/ftpmount-chaos-XXXXXX")
chmod 755 "$work"
mkdir "$work/served" "$work/mnt"
server=''
finish() {
  fusermount3 -uz "$work/mnt" 2>/dev/null || umount -l "$work/mnt" 2>/dev/null || true
  [ -z "$server" ] || { kill "$server" 2>/dev/null || true; }
  [ -n "${failed:-}" ] || rm -rf --one-file-system "$work"
}
trap finish EXIT

start_vsftpd "$work" "$work/served"

for _ in $(seq "$seeds"); do
  if ! /usr/bin/python3 "$repository/scripts/chaos.py" --work "$work" --program "$program" --url "ftp://$user@127.0.0.1:$port/" \
    --server "$server" --marker "$work/vsftpd.conf" --seed "$seed" --cycles "$cycles"; then
    failed=yes
    die "seed $seed failed; the folders are kept in $work"
  fi
  find "$work/served" "$work/state" -mindepth 1 -delete
  seed=$((seed + 1))
done
