/** A server that has not ended so long after it was told to is ended hard; it recovers at its next start. Seconds. */
const patience = 120;

/**
 * The watchdog. It starts the server and waits on a pipe that only our process holds: when the pipe closes, whatever the reason,
 * it shuts the server down and deletes what is to be deleted. $1 postgres, $2 folder to delete or empty, $3 the socket's folder, $4 a named pipe
 * or empty, the rest: arguments. A process that joins the server opens the named pipe for writing: the server ends once none has it open. Its name
 * is removed before the last reading, so that no process joins a server that is about to end.
 */
export const watchdog = `
postgres=$1; rubbish=$2; socket=$3; users=$4; shift 4
[ -n "$users" ] && mkfifo -m 600 "$users"
"$postgres" "$@" >>"$socket/server.log" 2>&1 </dev/null &
server=$!
trap '' INT HUP TERM
if [ -p "$users" ]; then
  exec 3<>"$users" 4<"$users" 3>&-
  cat >/dev/null
  cat <&4 >/dev/null
  rm -f "$users"
  cat <&4 >/dev/null
else
  cat >/dev/null
fi
if [ -n "$rubbish" ]; then kill -QUIT $server; else kill -INT $server; fi 2>/dev/null
(
  left=${patience}; while [ $left -gt 0 ]; do sleep 1; left=$((left - 1)); done
  kill -QUIT $server; sleep 10; kill -KILL $server
) 2>/dev/null &
timer=$!
wait $server
# it ignores the signals that this shell ignores
kill -KILL $timer 2>/dev/null
[ -n "$rubbish" ] && rm -rf "$rubbish"
rm -rf "$socket"
`;
