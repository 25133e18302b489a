import { endWhenOutputCloses } from './cli/closed-output.ts';
import { runCommandLine } from './cli/program/run-command-line.ts';

endWhenOutputCloses();
const exitCode = await runCommandLine(process.argv.slice(2));
if (exitCode !== null) process.exit(exitCode);
