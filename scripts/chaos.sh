#!/usr/bin/env bash
# chaos.sh [--servers "NAME..."] [--seeds N] [--seed S] [--cycles N] [--cuts N] : programs that change files on a mount while the mount is killed with SIGKILL and the
# server's sessions are cut, at random points; after each the mount is made again and everything must be there that a call answered for, and at the end on the server.
# Servers: vsftpd, proftpd, pureftpd, openssh; all of them by default, as an ordinary user vsftpd alone. Default: 1 seed, 10 cycles of each (about a minute each).
# The same seed makes the same calls; where the kills and cuts fall is up to the machine. The folders of a seed that failed are kept: chaos.log has the calls in their
# order, mount.log what the mounts said, state and served what is left. --cuts: in each cycle, up to 8 at random unless given. The exit code is 1 when a seed failed.
set -euo pipefail
# shellcheck source=scripts/prerequisites.sh
. "$(dirname "$0")/prerequisites.sh"
# shellcheck source=scripts/servers.sh
. "$(dirname "$0")/servers.sh"

servers=vsftpd
[ "$(id -u)" != 0 ] || servers='vsftpd proftpd pureftpd openssh'
seeds=1 seed=1 cycles=10 cuts_of_cycle=''
program=${FTPMOUNT:-$artifacts/ftpmount}
while [ $# -gt 0 ]; do
  case $1 in
    --servers) servers=${2:?}; shift 2 ;;
    --seeds) seeds=${2:?}; shift 2 ;;
    --seed) seed=${2:?}; shift 2 ;;
    --cycles) cycles=${2:?}; shift 2 ;;
    --cuts) cuts_of_cycle=${2:?}; shift 2 ;;
    *) sed -n '2s/ : .*//;2s/^# /usage: /p' "$0" >&2; exit 2 ;;
  esac
done

need_fuse
install_missing setpriv=util-linux
"$repository/scripts/install-test-servers.sh" --quiet
[ -n "${FTPMOUNT:-}" ] || "$repository/scripts/build.sh"

work='' server='' kills=0 cuts=0 failures=()
# finish [keep] : ends what this seed has running; its folders stay when they are to be looked at
finish() {
  [ -n "$work" ] || return 0
  fusermount3 -uz "$work/mnt" 2>/dev/null || umount -l "$work/mnt" 2>/dev/null || true
  [ -z "$server" ] || { kill "$server" 2>/dev/null || true; }
  [ "${1:-}" = keep ] || rm -rf --one-file-system "$work"
  work='' server=''
}
trap finish EXIT
trap 'exit 130' INT TERM

for ((number = seed; number < seed + seeds; number++)); do
  for kind in $servers; do
    work=$(mktemp -d "${TMPDIR:-/tmp}/ftpmount-chaos-XXXXXX")
    chmod 755 "$work"
    mkdir "$work/served" "$work/mnt"
    start_server "$kind" "$work" "$work/served"
    printf '%-9s ' "$kind"
    keep=''
    # shellcheck disable=SC2154  # set by start_server
    /usr/bin/python3 "$repository/scripts/chaos.py" --work "$work" --program "$program" --url "$url" --options "$options" --server "$server" \
      --seed "$number" --cycles "$cycles" ${cuts_of_cycle:+--cuts "$cuts_of_cycle"} || keep=keep
    read -r these_kills these_cuts <"$work/counts"
    kills=$((kills + these_kills)) cuts=$((cuts + these_cuts))
    [ -z "$keep" ] || failures+=("$kind, seed $number: $work")
    finish "$keep"
  done
done
say "$kills kills and $cuts cuts in all; ${#failures[@]} runs failed"
[ ${#failures[@]} = 0 ] || { printf 'kept: %s\n' "${failures[@]}"; exit 1; }
