#!/usr/bin/env bash
# chaos.sh [--seeds N] [--seed S] [--cycles N] : programs that change files on a mount of vsftpd while the mount is killed with SIGKILL and the server's
# sessions are cut, at random points; after each the mount is made again and everything must be there that a call answered for, and at the end on the server.
# Default: 1 seed, 10 cycles (about a minute). The same seed makes the same calls; where the kills fall is up to the machine.
set -euo pipefail
# shellcheck source=scripts/prerequisites.sh
. "$(dirname "$0")/prerequisites.sh"

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
mkdir "$work/served" "$work/mnt" "$work/empty"
server=''
finish() {
  fusermount3 -uz "$work/mnt" 2>/dev/null || umount -l "$work/mnt" 2>/dev/null || true
  [ -z "$server" ] || { kill "$server" 2>/dev/null || true; }
  [ -n "${failed:-}" ] || rm -rf --one-file-system "$work"
}
trap finish EXIT

lowest=$(cut -f1 /proc/sys/net/ipv4/ip_local_port_range)
port=$((12000 + RANDOM % (lowest > 13000 ? lowest - 12000 : 20000)))
cat >"$work/vsftpd.conf" <<END
background=NO
listen=YES
listen_ipv6=NO
listen_address=127.0.0.1
listen_port=$port
write_enable=YES
local_umask=022
anon_umask=022
allow_writeable_chroot=YES
utf8_filesystem=YES
isolate=NO
isolate_network=NO
seccomp_sandbox=NO
secure_chroot_dir=$work/empty
xferlog_enable=NO
END
if [ "$(id -u)" = 0 ]; then
  user=ftpmount-test password=$(cat /var/lib/ftpmount-tests/password)
  chown "$user" "$work/served"
  printf '%s\n' anonymous_enable=NO local_enable=YES chroot_local_user=YES "local_root=$work/served" "pam_service_name=$user" >>"$work/vsftpd.conf"
else
  user=anonymous password=chaos@localhost
  printf '%s\n' run_as_launching_user=YES anonymous_enable=YES local_enable=NO "anon_root=$work/served" anon_upload_enable=YES anon_mkdir_write_enable=YES \
    anon_other_write_enable=YES anon_world_readable_only=NO >>"$work/vsftpd.conf"
fi
"${XDG_CACHE_HOME:-$HOME/.cache}/ftpmount-tests/servers/vsftpd/usr/sbin/vsftpd" "$work/vsftpd.conf" >"$work/vsftpd.log" 2>&1 &
server=$!
for _ in $(seq 100); do
  kill -0 "$server" 2>/dev/null || { cat "$work/vsftpd.log" >&2; die "vsftpd did not start on port $port"; }
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  sleep 0.1
done
(umask 077; printf '%s' "$password" >"$work/password")

for _ in $(seq "$seeds"); do
  if ! /usr/bin/python3 "$repository/scripts/chaos.py" --work "$work" --program "$program" --url "ftp://$user@127.0.0.1:$port/" \
    --server "$server" --marker "$work/vsftpd.conf" --seed "$seed" --cycles "$cycles"; then
    failed=yes
    die "seed $seed failed; the folders are kept in $work"
  fi
  find "$work/served" "$work/state" -mindepth 1 -delete
  seed=$((seed + 1))
done
