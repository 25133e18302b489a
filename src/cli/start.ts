import { loadConfig } from '../config.ts';
import { ClockDiffers } from '../eventstore/guard-commands.ts';
import { readModelsFault } from '../projections/level.ts';
import { assemble } from './assemble.ts';
import { ensureDemo, readyCurl } from './demo-data.ts';
import { createLog } from './log.ts';
import type { Role } from './roles.ts';
import { openServers } from './servers.ts';

/** `ledger start`: runs until SIGINT or SIGTERM (exit 0), or until a part that it cannot do without fails (exit 1). */
export const startCommand = async ({ roles }: { roles: readonly Role[] }): Promise<void> => {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const ending = endings();
  // What ends Postgres it says in this one kind of line, a full disk among them.
  const servers = await openServers(config, (line) => log[line.includes('PANIC') ? 'error' : 'debug'](line));
  const stops: (() => Promise<void>)[] = [servers.stop];
  let exitCode = 1;
  try {
    const ledger = await assemble(config, servers, roles, log);
    stops.push(ledger.stop);
    const where = ledger.baseUrl === null ? '' : ` on ${ledger.baseUrl}`;
    const fault = await readModelsFault(ledger.apiPool);
    if (fault !== null) {
      console.log(
        `License Ledger runs${where} (${roles.join(', ')}) and is not ready yet, as GET /readyz says. ${fault}`,
      );
    } else if (servers.embedded && ledger.baseUrl !== null) {
      const demo = await ensureDemo(config.dataDir, ledger, ledger.baseUrl).catch((error) => {
        // The next start makes the demo; until then readyz says what is wrong.
        if (error instanceof ClockDiffers) return null;
        throw error;
      });
      const hint = demo === null ? '' : `\nTry it:\n  ${readyCurl(demo)}`;
      console.log(`License Ledger is ready on ${ledger.baseUrl}${hint}`);
    } else {
      console.log(`License Ledger is ready${where} (${roles.join(', ')}).`);
    }
    const ended = await Promise.race([ending, servers.failed]);
    if (ended === 'asked') exitCode = 0;
    else log.fatal(ended);
  } finally {
    for (const stop of stops.toReversed()) await stop().catch((error) => log.error(error, 'could not stop'));
  }
  process.exit(exitCode);
};

/** Resolves with 'asked' at the first signal to stop; a second one ends the process at once, and so does a bug. */
const endings = (): Promise<'asked'> =>
  new Promise((resolve) => {
    let asked = false;
    const ask = () => {
      if (asked) process.exit(130);
      asked = true;
      resolve('asked');
    };
    process.on('SIGINT', ask);
    process.on('SIGTERM', ask);
    process.on('SIGHUP', ask);
    // Crash-only: the state of a process after a bug is not to be trusted, and everything acknowledged is on disk.
    for (const bug of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(bug, (error) => {
        console.error(`${bug}:`, error);
        process.exit(1);
      });
    }
  });
