import { setTimeout as delay } from 'node:timers/promises';
import { type Config, loadConfig } from '../config.ts';
import { ClockDiffers } from '../eventstore/executor/guard-commands.ts';
import { readModelsFault } from '../projections/level.ts';
import { createLog } from './create-log.ts';
import { ensureDemo, readyCurl } from './demo/demo-data.ts';
import { demoOrganizationIdOf } from './demo/demo-organization.ts';
import { assemble, type Ledger } from './server/assemble.ts';
import { type OpenServers, openServers } from './server/open-servers.ts';
import type { Role } from './server/roles.ts';

/** `ledger start`: runs until SIGINT or SIGTERM (exit code 0), or until a necessary part fails (exit code 1). */
export const startCommand = async ({ roles }: { roles: readonly Role[] }): Promise<void> => {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  for (const note of config.notes) console.error(note);
  const ending = endings();
  // Postgres reports the reason of its end in such a line, for example a full disk.
  const servers = await openServers(config, (line) => log[line.includes('PANIC') ? 'error' : 'debug'](line));
  const stops: (() => Promise<void>)[] = [servers.stop];
  let exitCode = 1;
  try {
    const demoOrganizationId = servers.embedded ? await demoOrganizationIdOf(config.dataDir) : null;
    const ledger = await assemble({ config, servers, roles, log, demoOrganizationId });
    stops.push(ledger.stop);
    const ready = announceReady(config, servers, roles, ledger);
    const ended = await Promise.race([ending, servers.failed, ready.then(() => never)]);
    if (ended === 'asked') exitCode = 0;
    else log.fatal(ended);
  } finally {
    for (const stop of stops.toReversed())
      await stop().catch((error) => log.error(error, 'A part could not be stopped.'));
  }
  process.exit(exitCode);
};

/**
 * Prints that the product is ready, once it is, and in the embedded mode how to try it. Throws when the demo cannot be
 * created.
 */
const announceReady = async (
  config: Config,
  { embedded }: OpenServers,
  roles: readonly Role[],
  ledger: Ledger,
): Promise<void> => {
  const { baseUrl, apiPool } = ledger;
  const where = baseUrl === null ? '' : ` on ${baseUrl}`;
  let fault = await readModelsFault(apiPool);
  if (fault !== null)
    console.log(
      `License Ledger runs${where} and is not ready yet: its read models are not built. It answers 503 until then.\n${
        roles.includes('projector') ? 'This process builds them; GET /readyz shows the progress.' : fault
      }`,
    );
  while (fault !== null) {
    await delay(readyPollMs, undefined, { ref: false });
    // Postgres may be away for a moment, so the next round checks again.
    fault = await readModelsFault(apiPool).catch(() => fault);
  }
  if (!embedded || baseUrl === null) {
    console.log(`License Ledger is ready${where} (${roles.join(', ')}).`);
    return;
  }
  const demo = await ensureDemo(config.dataDir, ledger, baseUrl).catch((error) => {
    // The next start creates the demo. Until then /readyz says what is wrong.
    if (error instanceof ClockDiffers) return null;
    throw error;
  });
  const hint = demo === null ? '' : `\nTry it:\n  ${readyCurl(demo)}`;
  console.log(`License Ledger is ready on ${baseUrl}${hint}`);
};

const readyPollMs = 250;
const never = new Promise<never>(() => {});

/** Resolves with 'asked' at the first signal to stop. A second signal ends the process at once, and so does a bug. */
const endings = (): Promise<'asked'> =>
  new Promise((resolve) => {
    let isStopping = false;
    const ask = () => {
      if (isStopping) process.exit(130);
      isStopping = true;
      resolve('asked');
    };
    process.on('SIGINT', ask);
    process.on('SIGTERM', ask);
    process.on('SIGHUP', ask);
    // The state of a process after a bug cannot be trusted, and everything acknowledged is on disk.
    for (const bug of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(bug, (error) => {
        console.error(`${bug}:`, error);
        process.exit(1);
      });
    }
  });
