# Runs one program so that it never outlives the AppHost: `bash launcher SIGNAL GRACE RUBBISH COMMAND…`
#
# The program gets a process group of its own. A watcher reads this script's standard input, a pipe whose other end only the AppHost
# holds. A line means "stop": SIGNAL to the group, and SIGKILL after GRACE seconds or at a second line. The end of the pipe means that
# the AppHost is gone, however it went: SIGNAL, and SIGKILL soon after; RUBBISH, when not empty, is a folder that then goes too. While the AppHost
# lives the program may be started again, and find there what it has left. The first line that comes out is the program's number.
# bash and not sh: dash does not hand on variables such as ConnectionStrings__api-database, whose names it cannot use itself.
signal=$1 grace=$2 rubbish=$3
shift 3
trap : INT TERM HUP QUIT # the terminal's Ctrl+C is for the AppHost, which stops its resources in their order
exec 3<&0 </dev/null 4>&1 5>&2 >/dev/null 2>&1 # bash's own remarks about jobs are nobody's output
set -m

"$BASH" -pc 'echo $$; exec "$@"' "$BASH" "$@" 3<&- >&4 2>&5 4>&- 5>&- &
child=$!
exec 4>&- 5>&-
{
  if read -r _ <&3; then
    kill -s "$signal" -- "-$child"
    read -r -t "$grace" _ <&3
  else
    [ -z "$rubbish" ] || : > "$rubbish/gone"
    kill -s "$signal" -- "-$child"
    sleep 3
  fi
  kill -s KILL -- "-$child"
} &
watcher=$!
exec 3<&-
set +m # with job control `wait` never rests while a program is only held (SIGSTOP)

while :; do
  wait "$child"
  code=$?
  kill -0 "$child" || break # else a signal ended the wait, not the program
done
kill -s KILL -- "-$child"   # what the program has left behind in its group
kill -s KILL -- "-$watcher"
[ -z "$rubbish" ] || [ ! -e "$rubbish/gone" ] || rm -rf -- "$rubbish"
exit "$code"
