"""`neuroface completion SHELL`: what bash, zsh and fish need to complete verbs, groups, options, keys and folders."""

from __future__ import annotations

from neuroface.errors import ConfigError, did_you_mean

# Each asks `neuroface __complete WORDS`, the last word being the one at the cursor, for one candidate per line. bash
# takes = for a break between words, unless they are quoted: what stands before it is taken off the candidates.
SCRIPTS = {
    "bash": """_neuroface() {
    local line=${COMP_LINE:0:COMP_POINT} words last=""
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] || { last=${words[-1]}; unset 'words[-1]'; }
    local quoted=""
    case $last in [\\'\\"]*) quoted=yes last=${last:1} ;; esac
    local IFS=$'\\n'
    COMPREPLY=($("${words[0]:-neuroface}" __complete "${words[@]:1}" "$last" 2>/dev/null))
    if [[ -z $quoted && $last == *=* && $COMP_WORDBREAKS == *=* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${last%=*}="}")
    fi
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} != *[=./,] ]] || compopt -o nospace
}
complete -F _neuroface neuroface""",
    "zsh": """_neuroface() {
    local -a found
    found=(${(f)"$($words[1] __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    compadd -Q -S '' -- $found
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _neuroface neuroface""",
    "fish": """function __neuroface_complete
    set -l words (commandline -opc)
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c neuroface -f -a '(__neuroface_complete)'""",
}


def run(arguments: list[str]) -> None:
    """Print the script of one shell, to be read by it at its start."""
    if len(arguments) != 1 or arguments[0] not in SCRIPTS:
        near = did_you_mean(arguments[0], SCRIPTS) if arguments else f" Choose from {', '.join(SCRIPTS)}."
        raise ConfigError('name your shell, as in: eval "$(neuroface completion bash)".' + near)
    print(SCRIPTS[arguments[0]])
