# shellcheck shell=bash
# vsftpd.sh : sourced by the scripts that need a server of their own.

# start_vsftpd WORK SERVED [CONFIGURATION_LINE...] : serves the folder SERVED on loopback, as the tests' account when root, else anonymously as this user.
# WORK is an existing folder for its files. Sets server (the process id, to be ended by the caller), port, user; the password is in WORK/password.
start_vsftpd() {
  local work=$1 served=$2 lowest password
  shift 2
  mkdir -p "$work/empty"
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
    user=anonymous password=ftpmount@localhost
    printf '%s\n' run_as_launching_user=YES anonymous_enable=YES local_enable=NO "anon_root=$served" anon_upload_enable=YES anon_mkdir_write_enable=YES \
      anon_other_write_enable=YES anon_world_readable_only=NO >>"$work/vsftpd.conf"
  fi
  [ $# = 0 ] || printf '%s\n' "$@" >>"$work/vsftpd.conf"
  "${XDG_CACHE_HOME:-$HOME/.cache}/ftpmount-tests/servers/vsftpd/usr/sbin/vsftpd" "$work/vsftpd.conf" >"$work/vsftpd.log" 2>&1 &
  server=$!
  for _ in $(seq 100); do
    kill -0 "$server" 2>/dev/null || { cat "$work/vsftpd.log" >&2; die "vsftpd did not start on port $port"; }
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.1
  done
  (umask 077; printf '%s' "$password" >"$work/password")
}
