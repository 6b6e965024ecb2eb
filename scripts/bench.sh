#!/usr/bin/env bash
# bench.sh [--server NAME] [--tls] [--rtt MS] [--only GROUPS] [--repetitions N] [--options OPTIONS] [SIZE_IN_MIB] : the same work from a server on loopback through
# artifacts/ftpmount and through its peers, in turn; prints the medians and how many times better ftpmount is than the better of them.
#   NAME    vsftpd (default), proftpd, pureftpd: beside rclone mount (--vfs-cache-mode writes); openssh: beside rclone and sshfs. All but vsftpd as root only.
#   GROUPS  of start,write,read,random,change,names,small,many (all but the last): mounting, one big file, random reads, 4 KiB changed in the big file, ls and stat,
#           small files in and out, 1,000 small files and an archive of 2,000 in
#   --tls      over explicit TLS, data connections encrypted; rclone with TLS 1.2 where the server wants sessions resumed, which it does not do with TLS 1.3
#   --rtt      a line with so many milliseconds of round trip between the mounts and the server
#   --options  further options of "ftpmount mount -o", as transport=builtin
# Over SSH all of them take AES-128-GCM. Default 1024 MiB, three repetitions; three times that must be free in the temporary folder (TMPDIR).
set -euo pipefail
# shellcheck source=scripts/prerequisites.sh
. "$(dirname "$0")/prerequisites.sh"
# shellcheck source=scripts/servers.sh
. "$(dirname "$0")/servers.sh"

usage() { sed -n '2s/^# //p' "$0" >&2; exit 2; }
kind=vsftpd tls='' size=1024 more='' arguments=(--repetitions 3)
while [ $# -gt 0 ]; do
  case $1 in
    --tls) tls=tls ;;
    --server | --options | --rtt | --only | --repetitions)
      [ $# -gt 1 ] || usage
      case $1 in
        --server) kind=$2 ;;
        --options) more=,$2 ;;
        *) arguments+=("$1" "$2") ;;
      esac
      shift ;;
    *[!0-9]* | '') usage ;;
    *) size=$1 ;;
  esac
  shift
done
program=${FTPMOUNT:-$artifacts/ftpmount}

need_fuse
install_missing rclone=rclone git=git
[ "$kind" != openssh ] || install_missing sshfs=sshfs
"$repository/scripts/install-test-servers.sh" --quiet
[ -n "${FTPMOUNT:-}" ] || { need_dotnet; "$repository/scripts/build.sh"; }

work=$(mktemp -d "${TMPDIR:-/tmp}/ftpmount-bench-XXXXXX")
chmod 755 "$work"
mkdir "$work/served"
server=''
finish() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null || true; }
  rm -rf --one-file-system "$work"
}
trap finish EXIT

first_port=$((22000 + RANDOM % 8000))
ports=$first_port-$((first_port + 200))
start_server "$kind" "$work" "$work/served" "$tls" "$ports"
# shellcheck disable=SC2154  # set by start_server
/usr/bin/env python3 "$repository/scripts/bench.py" --work "$work" --served "$work/served" --program "$program" --kind "$kind" --tls "$tls" --url "$url" --user "$user" \
  --port "$port" --ports "$ports" --options "$options$more" --size "$size" "${arguments[@]}"
