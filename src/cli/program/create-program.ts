import { Command } from 'commander';
import { version } from '../../version.ts';
import { addCompletion } from './add-completion.ts';
import { addDataCommands } from './add-data-commands.ts';
import { addDocumentCommands } from './add-document-commands.ts';
import { addEventStoreCommands } from './add-event-store-commands.ts';
import { addExamples } from './add-examples.ts';
import { addLogCommands } from './add-log-commands.ts';
import { addSecretCommands } from './add-secret-commands.ts';
import { addServerCommands } from './add-server-commands.ts';
import { addWatchingCommands } from './add-watching-commands.ts';
import { reportUsage } from './report-error.ts';

/**
 * Returns the command line with all commands. A command loads its file when it runs. The program throws CommanderError
 * for wrong arguments, after it has printed them, and where it has printed a help. `json`: prints errors as JSON.
 */
export const createProgram = (json: boolean): Command => {
  const program = new Command('ledger')
    .description('A license server with an event log as its system of record. Configuration: see .env.example.')
    .version(version)
    .exitOverride();
  // Commands inherit this when they are added.
  reportUsage(program, json);
  addServerCommands(program);
  addDataCommands(program);
  addLogCommands(program);
  addSecretCommands(program);
  addWatchingCommands(program);
  addEventStoreCommands(program);
  addDocumentCommands(program);
  addCompletion(program);
  addExamples(program);
  return program;
};
