import { setTimeout as delay } from 'node:timers/promises';
import { createMetrics } from '../../api/monitoring/metrics.ts';
import { bootstrapFirstOrganization } from '../../application/bootstrap/bootstrap-first-organization.ts';
import { type Config, loadConfig } from '../../config.ts';
import { createPasswords } from '../../identity/passwords.ts';
import { ownDirectory } from '../../postgres/sql-files.ts';
import { readModelsFault } from '../../projections/level.ts';
import { ownRelease } from '../../projections/release.ts';
import { createLog } from '../create-log.ts';
import { takeDirectoryTurn } from '../directory-turn.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { joinServers, type OpenServers } from '../server/open-servers.ts';
import { openParts, type Parts } from '../server/process-parts.ts';
import { noPatience, reachServers } from '../server/reach-servers.ts';
import { startProjector } from '../server/start-projector.ts';
import { firstSteps } from './first-steps.ts';
import { type InitRecord, openInitRecord } from './init-record.ts';
import { askedValues, type InitOptions, type InitValues, type KnownValues, knownValues } from './init-values.ts';
import { openTerminal, QuestionsEnded, type Terminal } from './terminal.ts';

/**
 * `ledger init`: creates the first organization, its OWNER and an API key, once, and prints the secrets once. Works
 * with and without a running server. An attempt that was interrupted is continued. Exit codes: 0 created, 2 a value is
 * missing, invalid or taken, 4 the servers are not reachable. 5: the organization was created before and nothing
 * changed. 130: the person ended the questions.
 */
export const initCommand = async (options: InitOptions): Promise<void> => {
  const config = loadConfig();
  const terminal = openTerminal();
  const known = await knownValues(options, config.init, terminal);
  const log = createLog(config.logLevel === 'info' ? 'warn' : config.logLevel);
  const closers: (() => Promise<unknown>)[] = [];
  try {
    // Embedded servers end with the command that started them.
    if (config.servers.mode === 'embedded')
      closers.push((await takeDirectoryTurn(config.dataDir, 'init', reportWaiting)).release);
    const servers = await joinServers(config, (line) => log.debug(line), 'CREATE');
    closers.push(servers.stop);
    await reachServers(servers, noPatience);
    const parts = await partsFor(config, servers, log, (close) => closers.push(close));
    const record = await openInitRecord(servers.databaseUrl, reportWaiting);
    closers.push(record.close);
    process.exitCode = await init(parts, record, { known, terminal, isJson: options.json });
  } catch (error) {
    if (!(error instanceof QuestionsEnded)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 130;
  } finally {
    for (const close of closers.toReversed())
      await close().catch((error: unknown) => log.error(error, 'A part could not be closed.'));
  }
};

const reportWaiting = () => process.stderr.write('Another ledger init is running. This one waits for its end.\n');

const partsFor = (
  config: Config,
  servers: OpenServers,
  log: ReturnType<typeof createLog>,
  onStop: Parts['onStop'],
): Promise<Parts> =>
  openParts(
    {
      ...{ config, servers, roles: [], log },
      program: { directory: ownDirectory, release: ownRelease() },
      demoOrganizationIds: [],
    },
    onStop,
  );

type Input = { readonly known: KnownValues; readonly terminal: Terminal | null; readonly isJson: boolean };

/** Creates the organization and prints it. Returns the exit code. */
const init = async (parts: Parts, record: InitRecord, { known, terminal, isJson }: Input): Promise<number> => {
  if (record.doneAt !== null)
    return refuse(
      `ledger init has created the first organization on ${record.doneAt.toISOString()}. Nothing was changed. ` +
        'For a lost password use: ledger user reset-password <email>. Its OWNER creates API keys: docs/api/organizations.md.',
    );
  const values = await askedValues(known, terminal);
  await untilReadable(parts);
  const created = await bootstrapFirstOrganization(
    { ...parts, pool: parts.apiPool, now: () => parts.now().toISOString() },
    { ...values, commandId: record.commandId, passwordHash: await createPasswords().hash(values.password) },
  );
  if ('refusal' in created) throw new UsageError(created.refusal);
  await parts.waiter.waitFor(created.position, projectedWithinMs);
  await print(firstSteps(parts.config, { ...created, ...printed(values) }, isJson));
  // Only now: secrets that were lost on the way are printed again by the next attempt.
  await record.finish();
  return exitCodes.fine;
};

const printed = ({ organization, email, password, isGenerated, apiKeyName }: InitValues) => ({
  ...{ organization, email, apiKeyName },
  generatedPassword: isGenerated ? password : null,
});

const projectedWithinMs = 10_000;

/** Projects, unless another process does, until the read models can be read. */
const untilReadable = async (parts: Parts): Promise<void> => {
  await startProjector(parts, createMetrics());
  let fault = await readModelsFault(parts.apiPool);
  if (fault !== null) process.stderr.write(`${fault}\nledger init waits until they are built.\n`);
  while (fault !== null) {
    await delay(pollMs);
    fault = await readModelsFault(parts.apiPool);
  }
};

const pollMs = 250;

const refuse = (sentence: string): number => {
  process.stderr.write(`${sentence}\n`);
  return exitCodes.refused;
};

/** Resolves when the reader has the text, and rejects when it has left. */
const print = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.once('error', reject);
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
