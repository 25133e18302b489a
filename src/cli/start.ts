import { setTimeout as delay } from 'node:timers/promises';
import { faultsOf } from '../api/monitoring/part-health.ts';
import { type Config, loadConfig } from '../config.ts';
import { places } from '../embedded/data-directory.ts';
import { ClockDiffers } from '../eventstore/executor/guard-commands.ts';
import { readModelsFault } from '../projections/level.ts';
import { surviveClosedOutput } from './closed-output.ts';
import { createLog } from './create-log.ts';
import { type Demo, ensureDemo, readyCurl } from './demo/demo-data.ts';
import { demoOrganizationIdOf } from './demo/demo-organization.ts';
import { exitCodes } from './exit-codes.ts';
import { logEmbedded } from './logs/embedded-lines.ts';
import { createLogFiles } from './logs/log-files.ts';
import { loginOf, pagesOf } from './ready-lines.ts';
import { assemble, type Ledger } from './server/assemble.ts';
import { type OpenServers, openServers } from './server/open-servers.ts';
import { reachServers, startPatience } from './server/reach-servers.ts';
import type { Role } from './server/roles.ts';
import { aborted, stopOnSignals } from './server/stop-on-signals.ts';

/** `ledger start`: runs until SIGINT, SIGTERM or SIGHUP (exit code 0), or until a necessary part fails (exit code 1). */
export const startCommand = async ({ roles }: { roles: readonly Role[] }): Promise<void> => {
  const config = loadConfig();
  const files = config.servers.mode === 'embedded' ? createLogFiles(places(config.dataDir).logs) : null;
  const log = createLog(config.logLevel, { format: config.logFormat, files });
  for (const note of config.notes) console.error(note);
  surviveClosedOutput();
  endOnBugs();
  const stopping = stopOnSignals(log, config.stopDelaySeconds);
  const stops: (() => Promise<void>)[] = [async () => files?.close()];
  let exitCode: number = exitCodes.failed;
  try {
    const servers = await openServers(config, logEmbedded(log, files), stopping);
    stops.push(servers.stop);
    files?.start();
    const wait = (variable: string, sentence: string) => log.warn({ variable }, sentence);
    await reachServers(servers, { ...startPatience, signal: stopping, report: wait });
    const demoOrganizationId = servers.embedded ? await demoOrganizationIdOf(config.dataDir) : null;
    stopping.throwIfAborted();
    let demo: Demo | null = null;
    const ledger = await assemble({ config, servers, roles, log, demoOrganizationId, demo: () => demo });
    stops.push(ledger.stop);
    const ready = announceReady(config, servers, roles, ledger).then((known) => {
      demo = known;
    });
    const fault = await Promise.race([aborted(stopping), servers.failed, ready.then(() => never)]);
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
  // A write that fails because the terminal has closed must fail before the exit, which would repeat it for ever.
  await new Promise<unknown>((resolve) => log.flush(resolve));
  process.exit(exitCode);
};

/**
 * Prints that the product is ready, once it is, and in the embedded mode how to try it. Returns the demo, or null without
 * one. Throws when the demo cannot be created.
 */
const announceReady = async (
  config: Config,
  { embedded }: OpenServers,
  roles: readonly Role[],
  ledger: Ledger,
): Promise<Demo | null> => {
  const { baseUrl, apiPool } = ledger;
  const where = baseUrl === null ? '' : ` on ${baseUrl}`;
  const fault = await readModelsFault(apiPool);
  if (fault !== null)
    console.log(
      `License Ledger runs${where} and is not ready yet: its read models are not built. It answers 503 until then.\n${
        roles.includes('projector') ? 'This process builds them; GET /readyz shows the progress.' : fault
      }`,
    );
  await untilReady(ledger, fault !== null);
  if (!embedded || baseUrl === null) {
    console.log([`License Ledger is ready${where} (${roles.join(', ')}).`, ...pagesOf(config, baseUrl)].join('\n'));
    return null;
  }
  const demo = await ensureDemo(config.dataDir, ledger, baseUrl).catch((error) => {
    // The next start creates the demo. Until then /readyz says what is wrong.
    if (error instanceof ClockDiffers) return null;
    throw error;
  });
  const hint = demo === null ? [] : ['Try it:', `  ${readyCurl(demo)}`];
  const lines = [
    `License Ledger is ready on ${baseUrl}`,
    ...hint,
    ...pagesOf(config, baseUrl),
    ...loginOf(config, demo),
  ];
  console.log(lines.join('\n'));
  return demo;
};

/** Waits until no part fails. A degraded part is no reason to wait, because /readyz answers 200. */
const untilReady = async ({ checkHealth }: Ledger, isAnnounced: boolean): Promise<void> => {
  let isSilent = !isAnnounced;
  for (let round = 1; ; round++) {
    const faults = faultsOf(await checkHealth()).filter(({ state }) => state === 'failing');
    if (faults.length === 0) return;
    if (isSilent && round === silentRounds) {
      isSilent = false;
      console.log(
        `License Ledger runs and is not ready yet: ${faults.map(({ part, reason }) => `${part}: ${reason}`).join('; ')}`,
      );
    }
    await delay(readyPollMs, undefined, { ref: false });
  }
};

const silentRounds = 8;
const readyPollMs = 250;
const never = new Promise<never>(() => {});

/** The state of a process after a bug cannot be trusted, and everything acknowledged is on disk. */
const endOnBugs = (): void => {
  for (const bug of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(bug, (error) => {
      console.error(`${bug}:`, error);
      process.exit(exitCodes.failed);
    });
  }
};
