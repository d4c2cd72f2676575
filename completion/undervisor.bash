# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of undervisor(1) for bash. Commands and options are read from --help, so that they are
# those of the program at hand; only the words that an option takes are listed here.

_undervisor_commands() # PROGRAM
{
	"$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z0-9-]*\) .*/\1/p'
}

# The word behind OPTION in a help text on standard input, if it takes a value.
_undervisor_placeholder() # OPTION
{
	grep -oE -m 1 -e "$1 ([A-Z][^ ]*|[a-z0-9-]+\\|[^ ]*)" | head -n 1 | cut -d ' ' -f 2
}

_undervisor_features() # PROGRAM
{
	"$1" run --cpu help 2>/dev/null | sed -n 's/^[-+]\([a-z0-9][a-z0-9.-]*\).*/+\1\n-\1/p'
	printf '%s\n' maxphyaddr= tsc-khz= vendor=
}

# First words of the lines of a table that "explain" knows.
_undervisor_names() # PROGRAM TABLE
{
	"$1" explain --list "$2" 2>/dev/null |
		sed -n 's/^ *[0-9][0-9a-fx]* *\([A-Z][A-Z0-9_]*\) .*/\1/p'
}

_undervisor_words() # PROGRAM COMMAND OPTION PLACEHOLDER
{
	case $2:$3 in
	run:--cpu | doctor:--cpu | diff:--cpu) _undervisor_features "$1" ;;
	*:--engine) printf '%s\n' direct nested ;;
	walk:--format | doctor:--format) printf '%s\n' auto elf lime raw ;;
	report:--format) printf '%s\n' html chrome ;;
	*:--kernel-decompress) printf '%s\n' loader guest ;;
	explain:--mode) printf '%s\n' none 32 pae 4 5 ;;
	doctor:--processor)
		echo ours
		"$1" doctor --help 2>/dev/null | sed -n 's/^ \{20\}\([a-z0-9-]*\)$/\1/p'
		;;
	run:--progress) printf '%s\n' on off auto ;;
	explain:--reason) _undervisor_names "$1" exit-reasons ;;
	*:--serial | *:--virtio-console) printf '%s\n' stdio none file: ;;
	*:--stress) printf '%s\n' tlb blocks single ept02 vmcs12 ;;
	*:--trace-format) printf '%s\n' text json ;;
	*)
		case $4 in
		*\|*) tr '|' '\n' <<<"$4" ;;
		esac
		;;
	esac
}

# Words of the current list, behind its last comma.
_undervisor_offer() # WORDS CURRENT
{
	local before=
	case $2 in
	*,*) before=${2%,*}, ;;
	esac
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${2##*,}")
	case ${COMPREPLY[*]} in
	*[=:]) compopt -o nospace 2>/dev/null ;;
	esac
}

_undervisor_files() # CURRENT
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_undervisor_operand() # PROGRAM COMMAND WORDS-BEFORE CURRENT
{
	case $2 in
	explain)
		case $3 in
		"") _undervisor_offer "$("$1" explain --help 2>/dev/null |
			sed -n 's/^  undervisor explain \([a-z][a-z0-9-]*\) .*/\1/p' |
			sort -u)" "$4" ;;
		vmcs-field) _undervisor_offer "$(_undervisor_names "$1" vmcs-fields)" "$4" ;;
		exit-reason) _undervisor_offer "$(_undervisor_names "$1" exit-reasons)" "$4" ;;
		msr) _undervisor_offer "$(_undervisor_names "$1" msrs)" "$4" ;;
		esac
		;;
	demo) ;;
	*) _undervisor_files "$4" ;;
	esac
}

_undervisor()
{
	local program=${COMP_WORDS[0]/#\~/$HOME} command=${COMP_WORDS[1]}
	local current=${COMP_WORDS[COMP_CWORD]} option="" operands="" guests="" help placeholder word i
	COMPREPLY=()
	if [ "$COMP_CWORD" -le 1 ]; then
		_undervisor_offer "$(_undervisor_commands "$program") --help --version" "$current"
		return
	fi
	# Behind the name of another command are that command's options.
	help=$("$program" "$command" --help 2>/dev/null |
		sed "/undervisor $command/!s/undervisor [a-z].*//")
	# bash splits words at = and :, too.
	for ((i = 2; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [ "$word" = "=" ] || [ "$word" = ":" ]; then
			continue
		elif [ -n "$option" ]; then
			[ "${COMP_WORDS[i + 1]}" = ":" ] || option=""
		elif [[ $word == --?* && -z $guests ]]; then
			placeholder=$(_undervisor_placeholder "$word" <<<"$help")
			[ -z "$placeholder" ] || option=$word
		else
			operands+=${operands:+ }$word
			# What follows the image is the guest's.
			case $command in
			run | diff) guests=1 ;;
			esac
		fi
	done
	case $current in
	[=:]) current="" ;;
	esac
	if [ -n "$option" ]; then
		word=$(_undervisor_words "$program" "$command" "$option" "$placeholder")
		if [ -n "$word" ] && [ "${COMP_WORDS[COMP_CWORD - 1]}" != ":" ] &&
			[ "${COMP_WORDS[COMP_CWORD]}" != ":" ]; then
			_undervisor_offer "$word" "$current"
		elif [[ -n $word || $placeholder == @(FILE|IMAGE|PATH)* ]]; then
			_undervisor_files "$current"
		fi
	elif [[ $current == -* && -z $guests ]]; then
		_undervisor_offer "$(grep -oE -e '--[a-z0-9][a-z0-9-]*' <<<"$help" | sort -u)" "$current"
	else
		_undervisor_operand "$program" "$command" "$operands" "$current"
	fi
}

complete -F _undervisor undervisor
