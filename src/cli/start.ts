import { loadConfig } from '../config.ts';
import { places } from '../embedded/data-directory.ts';
import { surviveClosedOutput } from './closed-output.ts';
import { createLog } from './create-log.ts';
import { exitCodes } from './exit-codes.ts';
import { logEmbedded } from './logs/embedded-lines.ts';
import { createLogFiles } from './logs/log-files.ts';
import { openServers } from './server/open-servers.ts';
import type { Role } from './server/roles.ts';
import { stopOnSignals } from './server/stop-on-signals.ts';

/**
 * `ledger start`: runs until SIGINT, SIGTERM or the end of its terminal (exit code 0), or until a necessary part fails
 * (exit code 1).
 */
export const startCommand = async ({ roles }: { roles: readonly Role[] }): Promise<void> => {
  const config = loadConfig();
  const files = config.servers.mode === 'embedded' ? createLogFiles(places(config.dataDir).logs) : null;
  const log = createLog(config.logLevel, { format: config.logFormat, files });
  for (const note of config.notes) log.info(note);
  surviveClosedOutput();
  endOnBugs();
  const stopping = stopOnSignals(log, config.stopDelaySeconds);
  const stops: (() => Promise<void>)[] = [async () => files?.close()];
  let exitCode: number = exitCodes.failed;
  try {
    const servers = await openServers(config, logEmbedded(log, files), { signal: stopping, onIdle: loadServer });
    stops.push(servers.stop);
    files?.start();
    const { runServer } = await loadServer();
    const fault = await runServer({ config, servers, roles, log, stopping, onStop: (stop) => stops.push(stop) });
    if (fault === undefined) exitCode = exitCodes.fine;
    else log.fatal(fault);
  } catch (error) {
    // A start that is stopped midway fails at the step that it had reached.
    if (!stopping.aborted) throw error;
    exitCode = exitCodes.fine;
  } finally {
    for (const stop of stops.toReversed())
      await stop().catch((error) => log.error(error, 'A part could not be stopped.'));
  }
  // Lines that wait are written, unless nobody takes them.
  await new Promise<unknown>((resolve) => log.flush(resolve));
  process.exit(exitCode);
};

/** Loads the server, which takes longer than all else in a start. The embedded servers start meanwhile. */
const loadServer = () => import('./server/run-server.ts');

/** The state of a process after a bug cannot be trusted, and everything acknowledged is on disk. */
const endOnBugs = (): void => {
  for (const bug of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(bug, (error) => {
      console.error(`${bug}:`, error);
      process.exit(exitCodes.failed);
    });
  }
};
