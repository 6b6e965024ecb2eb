#!/usr/bin/env bash
# bench.sh [--tls] [SIZE_IN_MIB] : sequential write and cold sequential read of one file from vsftpd on loopback, through artifacts/ftpmount and
# through rclone mount (--vfs-cache-mode writes), three times each in turn; prints the medians and the ratio, and the idle memory.
#   write: until close has returned and the whole file is on the server
#   read:  from a fresh mount with an empty cache; the server has the file in memory
# With --tls over explicit TLS, data connections encrypted; rclone with TLS 1.2, because with TLS 1.3 it does not resume sessions as vsftpd demands.
# Default 1024 MiB; twice that must be free in the temporary folder (TMPDIR).
set -euo pipefail
# shellcheck source=scripts/prerequisites.sh
. "$(dirname "$0")/prerequisites.sh"

tls=''
if [ "${1:-}" = --tls ]; then tls=1; shift; fi
size=${1:-1024}
repetitions=3
program=${FTPMOUNT:-$artifacts/ftpmount}
[[ "$size" =~ ^[0-9]+$ ]] || { echo "usage: bench.sh [--tls] [SIZE_IN_MIB]" >&2; exit 2; }

need_dotnet
need_fuse
install_missing rclone=rclone setpriv=util-linux
"$repository/scripts/install-test-servers.sh" --quiet
[ -n "${FTPMOUNT:-}" ] || "$repository/scripts/build.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/ftpmount-bench-XXXXXX")
chmod 755 "$work"
served=$work/served mount_point=$work/mnt
mkdir "$served" "$mount_point" "$work/empty"
server='' mount=''
unmount() {
  if grep -qF " $mount_point " /proc/self/mounts; then
    fusermount3 -u "$mount_point" 2>/dev/null || umount "$mount_point" 2>/dev/null || umount -l "$mount_point" || fusermount3 -uz "$mount_point" || true
  fi
  [ -z "$mount" ] || { wait "$mount" 2>/dev/null || true; mount=''; }
}
finish() {
  unmount
  [ -z "$server" ] || { kill "$server" 2>/dev/null || true; }
  rm -rf --one-file-system "$work"
}
trap finish EXIT

# --- the server ----------------------------------------------------------------------------------------------------------
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
  chown "$user" "$served"
  printf '%s\n' anonymous_enable=NO local_enable=YES chroot_local_user=YES "local_root=$served" "pam_service_name=$user" >>"$work/vsftpd.conf"
else
  user=anonymous password=bench@localhost
  printf '%s\n' run_as_launching_user=YES anonymous_enable=YES local_enable=NO "anon_root=$served" anon_upload_enable=YES anon_mkdir_write_enable=YES \
    anon_other_write_enable=YES anon_world_readable_only=NO >>"$work/vsftpd.conf"
fi
scheme=ftp ours='' theirs=''
if [ -n "$tls" ]; then
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
  printf '%s\n' ssl_enable=YES require_ssl_reuse=YES "rsa_cert_file=$work/cert.pem" "rsa_private_key_file=$work/key.pem" ssl_ciphers=HIGH allow_anon_ssl=YES \
    force_local_logins_ssl=YES force_local_data_ssl=YES >>"$work/vsftpd.conf"
  scheme=ftpes ours=,tls-ca=$work/cert.pem theirs=,explicit_tls=true,no_check_certificate=true,disable_tls13=true
fi
"${XDG_CACHE_HOME:-$HOME/.cache}/ftpmount-tests/servers/vsftpd/usr/sbin/vsftpd" "$work/vsftpd.conf" >"$work/vsftpd.log" 2>&1 &
server=$!
for _ in $(seq 100); do
  kill -0 "$server" 2>/dev/null || { cat "$work/vsftpd.log" >&2; die "vsftpd did not start on port $port"; }
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  sleep 0.1
done
(umask 077; printf '%s' "$password" >"$work/password")

# --- the two mounts, each in the foreground mode of its program --------------------------------------------------------------
start_mount() { # NAME
  rm -rf "$work/cache"; mkdir "$work/cache"
  case $1 in
    ftpmount)
      XDG_STATE_HOME=$work/state "$program" mount -f -o "cache-dir=$work/cache,write-back=0,password-file=$work/password$ours" "$scheme://$user@127.0.0.1:$port/" "$mount_point" \
        >"$work/mount.log" 2>&1 & ;;
    rclone)
      RCLONE_CONFIG=/dev/null rclone mount ":ftp,host=127.0.0.1,port=$port,user=$user,pass=$(rclone obscure "$password")$theirs:" "$mount_point" \
        --vfs-cache-mode writes --vfs-write-back 0s --cache-dir "$work/cache" >"$work/mount.log" 2>&1 & ;;
  esac
  mount=$!
  for _ in $(seq 200); do
    grep -qF " $mount_point " /proc/self/mounts && return 0
    kill -0 "$mount" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/mount.log" >&2
  die "$1 did not mount"
}

now() { date +%s%N; }
rate() { awk -v bytes=$((size << 20)) -v ns="$1" 'BEGIN { printf "%.0f\n", bytes * 1000 / ns }'; }
arrived() { [ "$(stat -c %s "$served/file" 2>/dev/null)" = $((size << 20)) ]; }

say "$size MiB${tls:+ over TLS}, $repetitions repetitions in turn; MB/s"
for repetition in $(seq "$repetitions"); do
  for name in ftpmount rclone; do
    rm -f "$served/file"
    start_mount "$name"
    ls "$mount_point" >/dev/null
    begin=$(now)
    dd if=/dev/zero of="$mount_point/file" bs=1M count="$size" status=none
    until arrived; do
      [ $(($(now) - begin)) -lt 600000000000 ] || die "$name: the file did not arrive on the server within ten minutes"
      sleep 0.01
    done
    write=$(rate $(($(now) - begin)))
    unmount
    cat "$served/file" >/dev/null # into the server's memory
    start_mount "$name"
    begin=$(now)
    dd if="$mount_point/file" of=/dev/null bs=1M status=none
    read=$(rate $(($(now) - begin)))
    unmount
    printf '%s write %s\n%s read %s\n' "$name" "$write" "$name" "$read" >>"$work/results"
    printf '  %d %-9s write %5s   read %5s\n' "$repetition" "$name" "$write" "$read"
  done
done

median() { awk -v name="$1" -v what="$2" '$1 == name && $2 == what { print $3 }' "$work/results" | sort -n | sed -n "$(((repetitions + 1) / 2))p"; }
for what in write read; do
  own=$(median ftpmount $what) peer=$(median rclone $what)
  printf 'median %-5s  ftpmount %5s   rclone %5s   ratio %s\n' "$what" "$own" "$peer" "$(awk -v a="$own" -v b="$peer" 'BEGIN { printf "%.2f", b ? a / b : 0 }')"
done
for name in ftpmount rclone; do
  start_mount "$name"
  ls "$mount_point" >/dev/null
  sleep 1
  printf 'idle memory  %-9s %s MiB resident\n' "$name" "$(awk '/^VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$mount/status")"
  unmount
done
