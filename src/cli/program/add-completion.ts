import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/**
 * Adds `ledger completion <shell>`, which prints the script for a shell, and the hidden `ledger complete`, which the
 * script calls. Call it after all commands were added.
 */
export const addCompletion = (program: Command): void => {
  tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description('print the script that completes the commands and options of ledger in a shell')
    .hook('preAction', (command) => {
      if (command.args[0] === 'bash') console.log(bashWords);
    });
};

// The script calls this function, which a shell has only with the package bash-completion.
const bashWords = `if ! declare -F _get_comp_words_by_ref > /dev/null; then
  _get_comp_words_by_ref() {
    words=("\${COMP_WORDS[@]}")
    cword=$COMP_CWORD
    cur=\${COMP_WORDS[COMP_CWORD]}
    prev=\${COMP_WORDS[COMP_CWORD - 1]}
  }
fi
`;
