#!/usr/bin/env bash
# Rule 19: what could each tool still do once a stranger has spoken?  A library
# that is preloaded tries, at the first byte from the network.  The control is
# --no-sandbox, where it can.
set -u
. "$(dirname "$0")/../lib.sh"
! grep -q __asan_init "$BUILD/mailfetch" ||
    skip_all "AddressSanitizer does not like another library in front of it"
export HOME=$T/home XDG_CONFIG_HOME=$T/home XDG_STATE_HOME=$T/state
mkdir "$T/home" "$T/away" "$T/md" "$T/md/tmp" "$T/md/new" "$T/md/cur"
chmod 700 "$T"

${CC:-cc} -shared -fPIC -O1 -o "$T/probe.so" "$ROOT/tests/server/boxprobe.c" \
    -ldl || exit 1
python3 "$ROOT/tests/server/boxpeer.py" "$T/socket" > "$T/ports" &
peer=$!
sleep 600 > /dev/null &
victim=$!
trap '{ kill -9 $peer $victim; wait; } 2> /dev/null; rm -rf "$T"' EXIT
for _ in {1..200}; do
	[ ! -s "$T/ports" ] || break
	sleep 0.05
done
read -r smtp imap pop dns other < "$T/ports"
echo mine > "$T/home/secret"
cat > "$T/conf" <<END
account a
 user u
 password secret
END
chmod 600 "$T/conf" "$T/home/secret"
export BOX_HOME=$T/home/secret BOX_CONF=$T/conf BOX_AWAY=$T/away \
    BOX_SOCKET=$T/socket BOX_PID=$victim BOX_PORT=$other BOX_OUT=$T/probed

# This kernel's Landlock: files from 2 on, TCP from 4 on.
abi=$(python3 -c 'import ctypes
print(ctypes.CDLL(None).syscall(444, None, 0, 1))')
calls=$(grep -c '^Seccomp_filters' /proc/self/status)
[ "$abi" -ge 2 ] && [ "$calls" = 1 ] ||
    skip_all "this kernel has no Landlock that knows enough, or no seccomp"

probe() {	# TOOL ARG...: makes the attempts; then it may go
	local pid i
	rm -f "$T/probed"
	echo x > "$T/away/victim"
	LD_PRELOAD=$T/probe.so "$BUILD/$1" "${@:2}" > "$T/out" 2> "$T/err" \
	    < /dev/null &
	pid=$!
	for ((i = 0; i < 1000; i++)); do
		! grep -q ' perf$' "$T/probed" && kill -0 $pid || break
		sleep 0.02
	done 2> /dev/null
	kill $pid 2> /dev/null
	wait $pid
	[ -s "$T/probed" ] || diag "nothing was received: $(head -c 500 "$T/err")"
}
open() {	# what was possible
	[ -s "$T/probed" ] || echo "nothing was tried"
	if [ "$abi" -ge 4 ]; then
		sed -n 's/^ALLOWED //p' "$T/probed"
	else
		sed -n 's/^ALLOWED //p' "$T/probed" | grep -v '^TCP to another port$'
	fi | paste -sd,
}
refused() {	# NAME WHAT-MAY-BE-OPEN TOOL ARG...
	probe "${@:3}"
	is "$(open)" "$2" "$1"
}

# ---- what each tool does
send=(mailsend -S "smtp://127.0.0.1:$smtp" --tls off -f a@x.test b@y.test
    --body 'x é')
fetch=(mailfetch --config "$T/conf" -A a --tls off)
sync=(imapsync --config "$T/conf" -A a --tls off -S "imap://127.0.0.1:$imap"
    --near "$T/near")
look=(mxlookup -s "127.0.0.1:$dns" example.test)
ports=(portprobe -s "127.0.0.1:$dns" --timeout 2 "127.0.0.1:$smtp/smtp")

probe "${ports[@]}" --no-sandbox
n=$(grep -c . "$T/probed")
ok "the probe makes more than 30 attempts: $n" test "$n" -gt 30
# These succeed whoever runs the test; root is allowed more.
for what in "read a file of the home" "read the configuration" \
    "write a file of the home" "write /tmp" "write elsewhere" \
    "make a folder elsewhere" "change a mode elsewhere" \
    "cut a file elsewhere" "remove a file elsewhere" "fork" "execve" \
    "signal another process" "TCP to another port" "TCP bind" "UDP" \
    "a local socket" "an abstract socket" "netlink" "make a file in memory" \
    "read another process's memory" "hold another process"; do
	ok "control: --no-sandbox: $what" grep -qx "ALLOWED $what" "$T/probed"
done
like "$(< "$T/err")" "WARNING: --no-sandbox" "and it is loud"

refused "mailsend" "" "${send[@]}"
refused "mailsend, with --save" "" "${send[@]}" --save "maildir:$T/sent"
refused "mailsend, by a command" "" "${send[@]}" \
    --connect-command "ncat 127.0.0.1 $smtp"
refused "mailsend, by a socket with a path" "" mailsend -S "lmtp:$T/socket" \
    -f a@x.test b@y.test --body x
refused "mailfetch, IMAP" "" "${fetch[@]}" -S "imap://127.0.0.1:$imap" \
    -d "maildir:$T/md"
refused "mailfetch, POP3" "" "${fetch[@]}" -S "pop3://127.0.0.1:$pop" \
    -d "maildir:$T/md"
refused "mailfetch, to a command, LMTP and standard output" "" "${fetch[@]}" \
    -S "imap://localhost:$imap" -d "exec:/bin/cat -n" -d "lmtp:$T/socket" \
    --rcpt a@x.test -d stdout
refused "mailfetch --watch" "" "${fetch[@]}" -S "imap://localhost:$imap" \
    -d "maildir:$T/md" --watch --timeout 3
printf 'account b\n imap imap://127.0.0.1:%s\n tls off\n user u\n password x\n' \
    "$imap" > "$T/two"
printf 'fetch %s : b\n deliver maildir:%s\n' one "$T/md" two "$T/md" >> "$T/two"
chmod 600 "$T/two"
refused "mailfetch -a" "" mailfetch --config "$T/two" -a
refused "mailfetch -l" "" "${fetch[@]}" -S "imap://127.0.0.1:$imap" -l
refused "imapsync" "" "${sync[@]}"
refused "imapsync -n" "" "${sync[@]}" -n
refused "mxlookup: UDP, for it asks name servers" "UDP" "${look[@]}"
refused "mxlookup, all checks" "UDP" "${look[@]}" -a --fetch
refused "portprobe: UDP, for it asks name servers" "UDP" "${ports[@]}"
refused "portprobe, with --prom" "UDP" "${ports[@]}" --prom "$T/prom/x" \
    --save-chain "$T/chains" --ca /etc/ssl/certs
refused "portprobe --source: ports are bound" "TCP bind,UDP" "${ports[@]}" \
    --source 127.0.0.1

# ---- what is said
probe "${send[@]}" -vv
like "$(< "$T/err")" "\* confined by Landlock \(version $abi\): files" \
    "-vv: what Landlock confines"
like "$(< "$T/err")" "\* confined by seccomp: system calls" "and seccomp"
unlike "$(< "$T/err")" "helper" "a submission needs no helper"
probe mailsend -S "lmtp:$T/socket" -f a@x.test b@y.test --body x -vv
like "$(< "$T/err")" "\* a helper process" "a socket with a path does"
probe "${send[@]}" -v
unlike "$(< "$T/err")" "confined" "-v: nothing of it"
for t in send fetch sync look; do
	declare -n cmd=$t
	[ $t != fetch ] || cmd+=(-S "imap://127.0.0.1:$imap" -d "maildir:$T/md")
	probe "${cmd[@]}" --no-sandbox
	like "$(< "$T/err")" "^${cmd[0]}: WARNING: --no-sandbox" \
	    "${cmd[0]} --no-sandbox says so"
	ok "control: it can execute then" grep -qx "ALLOWED execve" "$T/probed"
done

# ---- what it must not break: an interface's name is looked up by a socket
portprobe --timeout 1 '[fe80::1%lo]:25' > "$T/out" 2>&1
unlike "$(< "$T/out")" 'no host name' "portprobe: fe80::1%lo"
mailsend -S 'smtp://[::1]:9' --tls off --source 'fe80::1%lo' \
    --quit-after connect > "$T/out" 2>&1
unlike "$(< "$T/out")" 'no address' "mailsend: --source fe80::1%lo"

# ---- a kernel without any of it
cat > "$T/none.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
long
syscall(long number, ...)
{
	static long (*real)(long, ...);
	long a[6];
	va_list ap;
	int i;

	if (number == 444 || number == SYS_seccomp) {
		errno = ENOSYS;
		return -1;
	}
	if (real == 0)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	va_start(ap, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
END
${CC:-cc} -shared -fPIC -o "$T/none.so" "$T/none.c" -ldl
LD_PRELOAD=$T/none.so timeout 20 "$BUILD/mailsend" "${send[@]:1}" -vv \
    > "$T/out" 2> "$T/err"
like "$(< "$T/err")" "not confined: this kernel has no Landlock" \
    "-vv: an old kernel is said"
like "$(< "$T/err")" "not confined: no seccomp" "both parts of it"
like "$(< "$T/err")" "connected to 127.0.0.1" "and no failure"
done_testing
