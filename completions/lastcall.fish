# fish completion for lastcall(1); made by completions/generate from lastcall --help; do not edit

complete -c lastcall -l grace -x -d 'the whole budget, stop request to exit'
complete -c lastcall -l platform-grace -x -d 'what the platform gives before its SIGKILL'
complete -c lastcall -l delay -x -d 'least time between stop request and first stop signal, while the program serves on'
complete -c lastcall -l pre-stop -x -a '(__fish_complete_command)' -d 'run at the stop request'
complete -c lastcall -l drain -x -d 'wait until no request is in flight on these local TCP ports and no byte moved for QUIET'
complete -c lastcall -l pre-stop-limit -x -d 'the longest that the three above take together'
complete -c lastcall -l ready-file -r -F -d 'there from the start until the stop request'
complete -c lastcall -l stop -x -a 'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX' -d 'signals and waits'
complete -c lastcall -l scope -x -a 'auto child group all' -d 'who gets signals'
complete -c lastcall -s g -d '--scope group'
complete -c lastcall -l on -x -a 'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX' -d 'the stop requests'
complete -c lastcall -l map -x -a 'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX' -d 'forward signal FROM as TO, 0 drops it'
complete -c lastcall -l sweep -x -d 'longest wait for processes left over'
complete -c lastcall -l post-stop -x -a '(__fish_complete_command)' -d 'run when every process is gone'
complete -c lastcall -l post-stop-limit -x -d 'its share at the end of grace'
complete -c lastcall -s e -l expect -x -d 'turn this exit code into 0'
complete -c lastcall -l success-on-stop -d 'a stop that was asked for and forced nothing is 0'
complete -c lastcall -l quiet -d 'no events'
complete -c lastcall -s v -d 'more events: started, forwarded'
complete -c lastcall -s w -d 'tell of each adopted process that is reaped'
complete -c lastcall -l log-format -x -a 'text json' -d 'one line an event on stderr'
complete -c lastcall -l termination-log -r -F -d 'a line on a failed start or a forced stop'
complete -c lastcall -s s -l subreaper -d 'adopt orphans'
complete -c lastcall -s p -l parent-death-signal -x -a 'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX' -d 'be sent it when the parent dies'
complete -c lastcall -l plan -d 'show the shutdown as a timeline, with warnings'
complete -c lastcall -l probe -x -a 'ready live' -d 'exit 0 or 1: ready until the stop request, live until the end'
complete -c lastcall -l timeout -x -d 'of the probe'
complete -c lastcall -l http -x -d 'the probes check: a call that must succeed'
complete -c lastcall -s h -l help -d 'this text'
complete -c lastcall -l version -d 'name and version'
complete -c lastcall -x -a \
	"(__fish_complete_subcommand -e -p \
		--grace \
		--platform-grace \
		--delay \
		--pre-stop \
		--drain \
		--pre-stop-limit \
		--ready-file \
		--stop \
		--scope \
		--on \
		--map \
		--sweep \
		--post-stop \
		--post-stop-limit \
		--expect \
		--log-format \
		--termination-log \
		--parent-death-signal \
		--probe \
		--timeout \
		--http)"
