# fish completion for lastcall(1); made by completions/generate from lastcall --help; do not edit

set -g __lastcall_signals HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX
# The kernel or lastcall itself takes the others.
set -g __lastcall_forwarded HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM STKFLT CONT TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX

# Offers the words that may stand last in a list.
function __lastcall_last
	set -l value (string replace -r '^--[a-z-]+=' '' -- (commandline -ct))
	set -l begin (string match -r '^.*[,/:]' -- $value)
	printf '%s\n' $begin$argv
end

function __lastcall_schedule
	set -l slashes (string replace -ra '[^/]' '' -- (commandline -ct))
	if string match -q '*KILL/*' -- (commandline -ct)
		return
	else if test (math (string length -- "$slashes") % 2) = 1
		__lastcall_last 1s 5s 10s 15s 20s 30s 1m
	else
		__lastcall_last $__lastcall_signals
	end
end

function __lastcall_map
	if string match -q '*:*' -- (commandline -ct)
		__lastcall_last $__lastcall_signals 0
	else
		__lastcall_last $__lastcall_forwarded
	end
end

function __lastcall_drain
	set -l slashes (string replace -ra '[^/]' '' -- (commandline -ct))
	switch (string length -- "$slashes")
		case 0
			__lastcall_last auto
		case 1 2
			__lastcall_last 1s 5s 10s 15s 20s 30s 1m
	end
end

# With --probe goes nothing that runs a program.
function __lastcall_has
	string match -qr -- '^--('$argv[1]')(=|$)' (commandline -opc)
end

set -g __lastcall_run 'grace|platform-grace|delay|pre-stop|drain|pre-stop-limit|ready-file|ready-port|ready-check|stop|scope|group|last-call|on|map|linger|sweep|post-stop|post-stop-limit|expect|stop-code|quiet|verbose|warn-reaped|log-format|termination-log|subreaper|parent-death-signal|child-death-signal|plan'

complete -c lastcall -n 'not __lastcall_has probe' -l grace -x -d 'Take at most this long from the stop request to the exit.'
complete -c lastcall -n 'not __lastcall_has probe' -l platform-grace -x -d 'Say how long the platform waits before it sends SIGKILL.'
complete -c lastcall -n 'not __lastcall_has probe' -l delay -x -d 'Wait at least this long between the stop request and the first stop signal.'
complete -c lastcall -n 'not __lastcall_has probe' -l pre-stop -x -a '(__fish_complete_command)' -d 'Run this hook at the stop request.'
complete -c lastcall -n 'not __lastcall_has probe' -l drain -x -a '(__lastcall_drain)' -d 'Hold the stop signal until these local TCP ports have no request in flight.'
complete -c lastcall -n 'not __lastcall_has probe' -l pre-stop-limit -x -d 'Let delay, hooks and drain take at most this long together.'
complete -c lastcall -n 'not __lastcall_has probe' -l ready-file -r -F -d 'Create this file at the start and remove it at the stop request.'
complete -c lastcall -n 'not __lastcall_has probe' -l ready-port -x -d 'Answer health checks of balancers on this port until the stop request.'
complete -c lastcall -n 'not __lastcall_has probe' -l ready-check -x -a '(__fish_complete_command)' -d 'Let this hook decide what the ready port and --probe ready answer.'
complete -c lastcall -n 'not __lastcall_has probe' -l stop -x -a '(__lastcall_schedule)' -d 'Send these signals, with these waits between them.'
complete -c lastcall -n 'not __lastcall_has probe' -l scope -x -a 'auto child group all' -d 'Choose which processes get signals.'
complete -c lastcall -n 'not __lastcall_has probe' -s g -l group -d 'Send signals to the process group of the program.'
complete -c lastcall -n 'not __lastcall_has probe' -l last-call -x -d 'Send TERM to all that are left this long before SIGKILL.'
complete -c lastcall -n 'not __lastcall_has probe' -l on -x -a '(__lastcall_last $__lastcall_forwarded)' -d 'Take these signals for a stop request.'
complete -c lastcall -n 'not __lastcall_has probe' -l map -x -a '(__lastcall_map)' -d 'Forward the first signal as the second one; 0 drops it.'
complete -c lastcall -n 'not __lastcall_has probe' -l linger -x -a 'forever' -d 'Leave processes that outlive the program alone for this long.'
complete -c lastcall -n 'not __lastcall_has probe' -l sweep -x -d 'Wait at most this long for leftover processes after their SIGTERM.'
complete -c lastcall -n 'not __lastcall_has probe' -l post-stop -x -a '(__fish_complete_command)' -d 'Run this hook when every process is gone.'
complete -c lastcall -n 'not __lastcall_has probe' -l post-stop-limit -x -d 'Keep this much of the grace free for the post-stop hooks.'
complete -c lastcall -n 'not __lastcall_has probe' -s e -l expect -x -d 'Turn this exit code of the program into another one.'
complete -c lastcall -n 'not __lastcall_has probe' -l stop-code -x -d 'Exit with this code after a requested stop that needed no SIGKILL.'
complete -c lastcall -n 'not __lastcall_has probe' -l quiet -d 'Log no events.'
complete -c lastcall -n 'not __lastcall_has probe' -s v -l verbose -d 'Also log the start and each forwarded signal.'
complete -c lastcall -n 'not __lastcall_has probe' -s w -l warn-reaped -d 'Log each adopted process that is reaped.'
complete -c lastcall -n 'not __lastcall_has probe' -l log-format -x -a 'text logfmt json' -d 'Choose how the lines on standard error are written.'
complete -c lastcall -n 'not __lastcall_has probe' -l termination-log -r -F -d 'Write one line about a failed start or a forced stop to this file.'
complete -c lastcall -n 'not __lastcall_has probe' -s s -l subreaper -d 'Adopt orphans although lastcall is not PID 1.'
complete -c lastcall -n 'not __lastcall_has probe' -s p -l parent-death-signal -x -a "$__lastcall_signals" -d 'Ask for this signal when the parent of lastcall dies.'
complete -c lastcall -n 'not __lastcall_has probe' -l child-death-signal -x -a "$__lastcall_signals" -d 'Send the program this signal when lastcall dies.'
complete -c lastcall -n 'not __lastcall_has probe' -l plan -d 'Show the shutdown as a timeline with warnings, and run nothing.'
complete -c lastcall -n 'not __lastcall_has $__lastcall_run' -l probe -x -a 'ready live' -d 'Ask the lastcall of this container for its phase.'
complete -c lastcall -n 'not __lastcall_has $__lastcall_run' -l timeout -x -d 'Give the probe at most this long.'
complete -c lastcall -n 'not __lastcall_has $__lastcall_run' -l http -x -d 'Answer yes only if this HTTP call succeeds.'
complete -c lastcall -s h -l help -d 'Print the short help.'
complete -c lastcall -l version -d 'Print the name and the version.'
complete -c lastcall -x -a \
	"(__fish_complete_subcommand -e -p \
		--grace \
		--platform-grace \
		--delay \
		--pre-stop \
		--drain \
		--pre-stop-limit \
		--ready-file \
		--ready-port \
		--ready-check \
		--stop \
		--scope \
		--last-call \
		--on \
		--map \
		--linger \
		--sweep \
		--post-stop \
		--post-stop-limit \
		--expect \
		--stop-code \
		--log-format \
		--termination-log \
		--parent-death-signal \
		--child-death-signal \
		--probe \
		--timeout \
		--http)"
