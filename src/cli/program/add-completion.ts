import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/**
 * Adds `ledger completion <shell>`, which prints the script for a shell, and the hidden `ledger complete`, which the
 * script calls. Call it after all commands were added.
 */
export const addCompletion = (program: Command): void => {
  tab(program, { completionCommandName: 'completion' });
  const command = program.commands.find((other) => other.name() === 'completion');
  command?.description('print the script that completes the commands and options of ledger in a shell');
};
