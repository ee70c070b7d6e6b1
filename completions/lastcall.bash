# bash completion for lastcall(1); made by completions/generate from lastcall --help; do not edit

_lastcall_signals="HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX"
# The kernel or lastcall itself takes the others.
_lastcall_forwarded="HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM STKFLT CONT TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX"

# Offers the words that may stand last in a list.
_lastcall_last() { # WORDS LIST
	local begin=${2%"${2##*[,/:]}"}
	mapfile -t COMPREPLY < <(compgen -P "$begin" -W "$1" -- \
		"${2##*[,/:]}")
	# More may follow.
	compopt -o nospace 2>/dev/null
}

_lastcall_value() { # OPTION VALUE
	local slashes=${2//[^\/]/}

	case $1 in
	--grace|--platform-grace|--delay|--pre-stop-limit|--ready-port|--last-call|--sweep|--post-stop-limit|-e|--expect|--stop-code|--timeout|--http) ;;
	--pre-stop|--ready-check|--post-stop)
		mapfile -t COMPREPLY < <(compgen -c -- "$2")
		;;
	--drain)
		case ${#slashes} in
		0) _lastcall_last auto "$2" ;;
		1 | 2) _lastcall_last "1s 5s 10s 15s 20s 30s 1m" "$2" ;;
		esac
		;;
	--ready-file|--termination-log)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		;;
	--stop)
		if [[ $2 = *KILL/* ]]; then
			:
		elif ((${#slashes} % 2)); then
			_lastcall_last "1s 5s 10s 15s 20s 30s 1m" "$2"
		else
			_lastcall_last "$_lastcall_signals" "$2"
		fi
		;;
	--scope)
		mapfile -t COMPREPLY < <(compgen -W "auto child group all" -- "$2")
		;;
	--on)
		_lastcall_last "$_lastcall_forwarded" "$2"
		;;
	--map)
		if [[ $2 = *:* ]]; then
			_lastcall_last "$_lastcall_signals 0" "$2"
		else
			_lastcall_last "$_lastcall_forwarded" "$2"
		fi
		;;
	--linger)
		mapfile -t COMPREPLY < <(compgen -W "forever" -- "$2")
		;;
	--log-format)
		mapfile -t COMPREPLY < <(compgen -W "text logfmt json" -- "$2")
		;;
	-p|--parent-death-signal|--child-death-signal)
		mapfile -t COMPREPLY < <(compgen -W "$_lastcall_signals" -- "$2")
		;;
	--probe)
		mapfile -t COMPREPLY < <(compgen -W "ready live" -- "$2")
		;;
	*) return 1 ;;
	esac
	return 0
}

_lastcall_run="--grace --platform-grace --delay --pre-stop --drain --pre-stop-limit --ready-file --ready-port --ready-check --stop --scope -g --group --last-call --on --map --linger --sweep --post-stop --post-stop-limit -e --expect --stop-code --quiet -v --verbose -w --warn-reaped --log-format --termination-log -s --subreaper -p --parent-death-signal --child-death-signal --plan"
_lastcall_probe="--timeout --http"
_lastcall_both="--help --version -h --"

_lastcall() {
	local words=() at=() word="" option="" ended="" mode="" current i n

	COMPREPLY=()
	# bash splits words at = and :, so put them together again, and keep
	# where each began.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		n=${#words[@]}
		if ((i > 1 && n > 1)) && [[ ${COMP_WORDS[i]} = [=:]* ||
			${COMP_WORDS[i - 1]} = [=:] ]]; then
			words[n - 1]+=${COMP_WORDS[i]}
		else
			words+=("${COMP_WORDS[i]}")
			at+=("$i")
		fi
	done
	n=$((${#words[@]} - 1))
	current=${words[n]}

	# Find the program: the first word that is no option and no value.
	for ((i = 1; i < n; i++)); do
		word=${words[i]}
		if [[ -n $option ]]; then
			option=
		elif [[ $word = -- ]]; then
			ended=1
			((i++))
			break
		elif [[ $word = -?* ]]; then
			[[ $word != --probe* ]] || mode=probe
			[[ -n $mode || " $_lastcall_run " != *" ${word%%=*} "* ]] ||
				mode="run"
			if [[ $word != *=* ]] && _lastcall_value "$word" ""; then
				option=$word
			fi
			COMPREPLY=()
		else
			break
		fi
	done
	if [[ -z $option && -z $ended && i -eq n && $current = --*=* ]]; then
		option=${current%%=*}
		current=${current#*=}
	fi
	if [[ -n $option ]]; then
		_lastcall_value "$option" "$current"
		# What bash replaces begins behind the last = or :.
		word=${current%"${current##*[=:]}"}
		COMPREPLY=("${COMPREPLY[@]#"$word"}")
	elif ((i < n)) && declare -F _command_offset >/dev/null; then
		_command_offset "${at[i]}"
	elif ((i < n)); then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	elif [[ $current = -* && -z $ended ]]; then
		case $mode in
		probe) word="$_lastcall_probe $_lastcall_both" ;;
		run) word="$_lastcall_run $_lastcall_both" ;;
		*) word="$_lastcall_run $_lastcall_probe --probe $_lastcall_both" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -c -- "$current")
	fi
}

complete -F _lastcall lastcall
