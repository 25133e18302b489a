import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { retry } from '../../async/retry.ts';
import { type Config, InvalidConfiguration, loadEventStoreConfig } from '../../config.ts';
import { DataDirectoryInUse, namesIn, places } from '../../embedded/data-directory.ts';
import { errorText } from '../../embedded/errors.ts';
import { type EventStoreServer, startEventStore } from '../../embedded/eventstore/server.ts';
import { DatabaseTaken, PooledConnection } from '../../embedded/eventstore/writer-connection.ts';
import { writePrivate } from '../../embedded/files.ts';
import { startStorePostgres } from '../../embedded/store-postgres.ts';
import { surviveClosedOutput } from '../closed-output.ts';
import { createLog } from '../create-log.ts';
import { exitCodes, RefusedByPolicy, Unreachable } from '../exit-codes.ts';
import { hostOf, isRefusal } from '../server/reach-servers.ts';
import { aborted, stopMsMax, stopOnSignals } from '../server/stop-on-signals.ts';
import { type AccessOfStore, accessOfStore } from './store-access-of.ts';
import { type StoreHealth, serveHealth } from './store-health.ts';

type Options = { readonly wait: boolean; readonly json: boolean };

/**
 * `ledger eventstore`: runs the event store without the product, until SIGINT, SIGTERM or the end of its terminal (exit
 * code 0), or until a necessary part fails (exit code 1). Exits with 2 for a wrong configuration, and 4 when its Postgres
 * does not answer. Exits with 5 when another one runs on the same database, unless it is to wait for the end of that.
 */
export const eventStoreCommand = async (options: Options): Promise<void> => {
  const config = loadEventStoreConfig();
  const log = createLog(config.logLevel, { format: config.logFormat });
  for (const note of config.notes) log.info(note);
  surviveClosedOutput();
  const stopping = stopOnSignals(log, 0);
  const stops: (() => Promise<void>)[] = [];
  let exitCode: number = exitCodes.failed;
  try {
    const fault = await serve({ config, options, log, stopping, stops });
    if (fault === undefined) exitCode = exitCodes.fine;
    else log.fatal(fault);
  } catch (error) {
    // A start that is stopped midway fails at the step that it had reached.
    if (!stopping.aborted) throw error;
    exitCode = exitCodes.fine;
  } finally {
    const limit = limitStop(log, exitCode);
    for (const stop of stops.toReversed())
      await stop().catch((error) => log.error(error, 'A part could not be stopped.'));
    clearTimeout(limit);
  }
  await new Promise<unknown>((resolve) => log.flush(resolve));
  process.exit(exitCode);
};

/** Ends the process when its parts do not stop in time, also after a failure. */
const limitStop = (log: Logger, exitCode: number): NodeJS.Timeout => {
  const end = () => {
    log.warn(`The stop took longer than ${stopMsMax / 1_000} seconds. The process ends now.`);
    process.exit(exitCode);
  };
  return setTimeout(end, stopMsMax).unref();
};

type Running = {
  readonly config: Config;
  readonly options: Options;
  readonly log: Logger;
  readonly stopping: AbortSignal;
  /** Gets what stops the parts, in the order of their start. */
  readonly stops: (() => Promise<void>)[];
};

/** Starts the parts and serves. Returns undefined when `stopping` aborts, and the reason when a part ends. */
const serve = async (running: Running): Promise<string | undefined> => {
  const { config, log, stopping, stops } = running;
  const { host, healthPort } = config.eventStore;
  const health = await serveHealth(host, healthPort);
  stops.push(health.stop);
  let isWaiting = false;
  const onWait = () => {
    const why = 'Another event store runs on this database. This one takes over when that ends.';
    if (!isWaiting) log.info(why);
    isWaiting = true;
    health.report({ why });
  };
  await checkGivenFiles(config);
  const database = await openDatabase(running, onWait);
  stopping.throwIfAborted();
  const { server, urlAt } = await startTaken(running, { databaseUrl: database.url, onWait, health });
  stops.push(server.stop);
  stopping.throwIfAborted();
  await writePrivate(places(config.dataDir).storeUrl, `${urlAt(server.port)}\n`);
  health.report('READY');
  announce(running, urlAt(server.port), health.url);
  const fault = await Promise.race([aborted(stopping), server.failed.then(errorText), database.exited]);
  // Balancers must not send calls while the parts stop.
  health.reportEnd(fault === undefined ? 'The event store stops.' : `The event store failed: ${fault}`);
  return fault ?? undefined;
};

type Start = { readonly databaseUrl: string; readonly onWait: () => void; readonly health: StoreHealth };

/** Starts the server. Its certificate is read after the wait, because it may be renewed meanwhile. */
const startTaken = async ({ config, options, log, stopping }: Running, { databaseUrl, onWait, health }: Start) => {
  const { host, port, advertised } = config.eventStore;
  const warn = (line: string) => log.warn(line);
  let entry: Promise<AccessOfStore> | undefined;
  const opened = () => {
    entry ??= accessOfStore(config, warn);
    return entry;
  };
  const onAnswering = (isAnswering: boolean) =>
    health.report(isAnswering ? 'READY' : { why: 'Postgres does not answer.' });
  const access = async () => (await opened()).access;
  const start = { databaseUrl, host, port, advertised: advertised ?? {}, log: warn, onAnswering, access };
  const taking = { takesOver: options.wait, signal: stopping, onWait };
  const server = await reachingPostgres(config, () => startEventStore({ ...start, taking }));
  return { server, urlAt: (await opened()).urlAt };
};

/** Refuses unusable files of the operator before the wait, which may take months. */
const checkGivenFiles = async (config: Config): Promise<void> => {
  if (config.eventStore.certificateFiles !== null) await accessOfStore(config, () => {});
};

/** Opens the database of the configuration, or that of the embedded Postgres in the data directory. */
const openDatabase = async ({ config, options, log, stopping, stops }: Running, onWait: () => void) => {
  const { dataDir, eventStore } = config;
  if (eventStore.databaseUrl !== null) {
    // Its certificate and its password are in the data directory.
    await namesIn(dataDir);
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    return { url: eventStore.databaseUrl, exited: never };
  }
  const start = () => startStorePostgres({ dataDir, log: (line) => log.debug(line), signal: stopping });
  const postgres = await retry(start, (error) => {
    if (!(error instanceof DataDirectoryInUse)) return null;
    if (!options.wait) throw new RefusedByPolicy(`${error.message} Or use --wait to take over when it ends.`);
    stopping.throwIfAborted();
    onWait();
    return waitMs;
  });
  stops.push(postgres.stop);
  return { url: postgres.databaseUrl, exited: postgres.exited };
};

const waitMs = 200;

const never = new Promise<string>(() => {});

/** Starts the server. Throws what the exit codes distinguish. No message has the password of the database. */
const reachingPostgres = async (
  { eventStore: { databaseUrl } }: Config,
  start: () => Promise<EventStoreServer>,
): Promise<EventStoreServer> => {
  try {
    return await start();
  } catch (error) {
    if (error instanceof DatabaseTaken)
      throw new RefusedByPolicy(`${error.message}. Stop it, or use --wait to take over when it ends.`);
    if (databaseUrl === null || error instanceof InvalidConfiguration) throw error;
    const where = `LEDGER_EVENTSTORE_DATABASE_URL: Postgres at ${hostOf(databaseUrl)}`;
    if (error instanceof PooledConnection)
      throw new InvalidConfiguration(`${where}: ${error.message}. Name Postgres itself in the URL.`);
    if (isRefusal(error)) throw new InvalidConfiguration(`${where} refuses: ${errorText(error)}. Correct the URL.`);
    if (isSilent(error))
      throw new Unreachable(`${where} does not answer: ${errorText(error)}. Start it, or correct the URL.`);
    throw error;
  }
};

const isSilent = (error: unknown): boolean =>
  error instanceof Error &&
  (('code' in error && /^(E[A-Z_]+|57P0[123])$/.test(String(error.code))) || error.message.includes('timeout'));

const announce = ({ config, options }: Running, url: string, healthUrl: string): void => {
  const address = url.replace(/\/\/[^@/]*@/, '//').replace(/\?.*$/, '');
  const urlFile = path.resolve(places(config.dataDir).storeUrl);
  const ready = `${healthUrl}/health/ready`;
  if (options.json) {
    const isOpen = config.eventStore.isInsecure;
    console.log(JSON.stringify({ ready: true, url: address, tls: !isOpen, urlFile, health: ready }));
    return;
  }
  console.log(`The event store is ready on ${address}.`);
  console.log(`The product gets in with the URL in ${urlFile}, which has the password.`);
  console.log(`Health:  ${ready}`);
};
