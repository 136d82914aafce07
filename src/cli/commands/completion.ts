/** `holdfast completion`: what can be typed next? Scripts made from the commands themselves. */
import { Argument, type Command } from 'commander';
import { command, type ContextSource } from './shared';

export function completionCommand(source: ContextSource, program: () => Command): Command {
  return command('completion', 'print a completion script for a shell', [
    'source <(holdfast completion bash)',
    'holdfast completion zsh > "${fpath[1]}/_holdfast"',
  ])
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh']))
    .action((shell: 'bash' | 'zsh') => {
      source().terminal.out(completionScript(shell, program()));
    });
}

/** The script; each command offers its subcommands and options, and file names after `-f`. */
function completionScript(shell: 'bash' | 'zsh', program: Command): string {
  const cases = commandCases(program, '').map(([path, words]) => `    "${path}") words="${words.join(' ')}" ;;`);
  const body = BASH.replace('@CASES@', cases.join('\n'));
  // zsh runs bash completions through bashcompinit (zshcompsys(1)).
  return shell === 'bash' ? body : `#compdef holdfast\nautoload -U +X bashcompinit && bashcompinit\n${body}`;
}

function commandCases(current: Command, path: string): [string, string[]][] {
  const words = [
    ...current.commands.map((child) => child.name()),
    ...current.options.flatMap((option) => (option.long === undefined ? [] : [option.long])),
    '--help',
  ];
  const below = current.commands.flatMap((child) => commandCases(child, `${path} ${child.name()}`.trim()));
  return [[path, words], ...below];
}

const BASH = `_holdfast() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$previous" in -f|--file|--scenario) COMPREPLY=($(compgen -f -- "$current")); return ;; esac
  case "$path" in
@CASES@
    *) words="--help" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -F _holdfast holdfast`;
