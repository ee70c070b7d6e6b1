# bash completion for lastcall(1); made by completions/generate from lastcall --help; do not edit

_lastcall_value() {
	local values=""

	case $1 in
	--pre-stop)
		mapfile -t COMPREPLY < <(compgen -c -- "$2")
		return 0
		;;
	--ready-file)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		return 0
		;;
	--stop) values="$_lastcall_signals" ;;
	--scope) values="auto child group all" ;;
	--on) values="$_lastcall_signals" ;;
	--map) values="$_lastcall_signals" ;;
	--post-stop)
		mapfile -t COMPREPLY < <(compgen -c -- "$2")
		return 0
		;;
	--log-format) values="text json" ;;
	--termination-log)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		return 0
		;;
	-p|--parent-death-signal) values="$_lastcall_signals" ;;
	--probe) values="ready live" ;;
	--grace|--platform-grace|--delay|--drain|--pre-stop-limit|--sweep|--post-stop-limit|-e|--expect|--timeout|--http) ;;
	*) return 1 ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$values" -- "$2")
}

_lastcall_signals="HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX"

_lastcall() {
	local current=${COMP_WORDS[COMP_CWORD]} option="" ended="" word i

	COMPREPLY=()
	# Find the program: the first word that is no option and no value.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ -n $option ]]; then
			# bash splits --name=value at the sign.
			[[ $word = "=" ]] || option=
		elif [[ $word = -- ]]; then
			ended=1
			((i++))
			break
		elif [[ $word = -?* ]]; then
			if _lastcall_value "$word" ""; then
				option=$word
			fi
			COMPREPLY=()
		else
			break
		fi
	done
	if [[ -n $option ]]; then
		[[ $current != "=" ]] || current=
		_lastcall_value "$option" "$current"
	elif ((i < COMP_CWORD)) && declare -F _command_offset >/dev/null; then
		_command_offset "$i"
	elif ((i < COMP_CWORD)); then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	elif [[ $current = -* && -z $ended ]]; then
		mapfile -t COMPREPLY < <(compgen -W "
			--grace
			--platform-grace
			--delay
			--pre-stop
			--drain
			--pre-stop-limit
			--ready-file
			--stop
			--scope
			-g
			--on
			--map
			--sweep
			--post-stop
			--post-stop-limit
			-e
			--expect
			--success-on-stop
			--quiet
			-v
			-w
			--log-format
			--termination-log
			-s
			--subreaper
			-p
			--parent-death-signal
			--plan
			--probe
			--timeout
			--http
			-h
			--help
			--version
			--" -- "$current")
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -c -- "$current")
	fi
}

complete -F _lastcall lastcall
