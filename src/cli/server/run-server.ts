import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { faultsOf } from '../../api/monitoring/part-health.ts';
import type { Config } from '../../config.ts';
import { checkNamedDirectory } from '../../embedded/directory-check.ts';
import { ClockDiffers } from '../../eventstore/executor/guard-commands.ts';
import { readModelsFault } from '../../projections/level.ts';
import { buildStaleConsole } from '../console-build.ts';
import { completeAcme, type Demo, ensureDemo, isAcmePending, readyCurl } from '../demo/demo-data.ts';
import { acmeOrganizationIdOf, demoOrganizationIdOf } from '../demo/demo-organization.ts';
import { startAcme } from '../demo/start-acme.ts';
import { loginOf, pagesOf } from '../ready-lines.ts';
import { assemble, type Ledger } from './assemble.ts';
import type { OpenServers } from './open-servers.ts';
import { reachServers, startPatience } from './reach-servers.ts';
import type { Role } from './roles.ts';
import { aborted } from './stop-on-signals.ts';

type Start = {
  readonly config: Config;
  readonly servers: OpenServers;
  readonly roles: readonly Role[];
  readonly log: Logger;
  readonly stopping: AbortSignal;
  /** Called with what stops the server, before it serves. */
  readonly onStop: (stop: () => Promise<void>) => void;
};

/**
 * Runs the roles of a process, and prints when it is ready. Returns undefined when `stopping` aborts, and the reason when
 * an embedded server ends.
 */
export const runServer = async ({
  config,
  servers,
  roles,
  log,
  stopping,
  onStop,
}: Start): Promise<string | undefined> => {
  if (roles.includes('notary')) await checkLogDirectories(config);
  const wait = (variable: string, sentence: string) => log.warn({ variable }, sentence);
  // The jobs cannot be scheduled without Redis. The limits of the API can be counted without it.
  const redisUrl = roles.includes('worker') ? config.redisUrl : null;
  await reachServers(servers, { ...startPatience, signal: stopping, report: wait }, { redisUrl });
  const demoOrganizationIds = servers.embedded
    ? [await demoOrganizationIdOf(config.dataDir), await acmeOrganizationIdOf(config.dataDir)]
    : [];
  // Half a history has commands that are due, so the files of the directory decide, and not LEDGER_DEMO of this start.
  let isAcmeMissing = servers.embedded && (await isAcmePending(config.dataDir, config.demo));
  stopping.throwIfAborted();
  let demo: Demo | null = null;
  const sweepsWait = () => isAcmeMissing;
  const ledger = await assemble({ config, servers, roles, log, demoOrganizationIds, sweepsWait, demo: () => demo });
  onStop(ledger.stop);
  const ready = announceReady({ config, servers, roles, stopping }, ledger).then(async (known) => {
    demo = known;
    if (ledger.baseUrl !== null) onStop(buildStaleConsole(log));
    const onComplete = () => {
      isAcmeMissing = false;
    };
    if (known === null) isAcmeMissing &&= await isAcmePending(config.dataDir, 'none');
    else onStop(startAcme((writing) => completeAcme(config, ledger, { demo: known, ...writing }), { log, onComplete }));
  });
  const ended = await Promise.race([aborted(stopping), servers.failed, ledger.closed, ready.then(() => never)]);
  return ended ?? undefined;
};

/** Throws UnusableDirectory when the notary could not write its keys or its copies of checkpoints. */
const checkLogDirectories = async ({ notary: { keysDir, checkpointDir } }: Config): Promise<void> => {
  await checkNamedDirectory('LEDGER_LOG_KEYS_DIR', keysDir, { withModes: true });
  // A copy is no secret, and may be on a drive without modes.
  await checkNamedDirectory('LEDGER_CHECKPOINT_DIR', checkpointDir, { withModes: false });
};

/**
 * Prints that the product is ready, once it is, and in the embedded mode how to try it. Returns the demo, or null without
 * one. Throws when the demo cannot be created, and when `stopping` aborts before that.
 */
const announceReady = async (
  { config, servers: { embedded }, roles, stopping }: Pick<Start, 'config' | 'servers' | 'roles' | 'stopping'>,
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
  await untilReady(ledger, { isAnnounced: fault !== null, stopping });
  if (!embedded || baseUrl === null) {
    console.log([`License Ledger is ready${where} (${roles.join(', ')}).`, ...pagesOf(config, baseUrl)].join('\n'));
    return null;
  }
  const demo = await createDemo(config, ledger, baseUrl);
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

const createDemo = (config: Config, ledger: Ledger, baseUrl: string): Promise<Demo | null> =>
  ensureDemo(config.dataDir, ledger, { baseUrl, configured: config.demo }).catch((error) => {
    // The next start creates the demo. Until then /readyz says what is wrong.
    if (error instanceof ClockDiffers) return null;
    throw error;
  });

/** Waits until no part fails. A degraded part is no reason to wait, because /readyz answers 200. */
const untilReady = async (
  { checkHealth }: Ledger,
  { isAnnounced, stopping }: { readonly isAnnounced: boolean; readonly stopping: AbortSignal },
): Promise<void> => {
  let isSilent = !isAnnounced;
  for (let round = 1; ; round++) {
    const faults = faultsOf(await checkHealth()).filter(({ state }) => state === 'failing');
    stopping.throwIfAborted();
    if (faults.length === 0) return;
    if (isSilent && round === silentRounds) {
      isSilent = false;
      console.log(
        `License Ledger runs and is not ready yet: ${faults.map(({ part, reason }) => `${part}: ${reason}`).join('; ')}`,
      );
    }
    await delay(readyPollMs, undefined, { ref: false, signal: stopping });
  }
};

const silentRounds = 8;
const readyPollMs = 250;
const never = new Promise<never>(() => {});
