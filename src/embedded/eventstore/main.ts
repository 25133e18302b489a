import { errorText } from '../errors.ts';
import { parseAccess, type StoreAccess } from './access/store-access.ts';
import { endSubscriptions, type Faults } from './faults.ts';
import { type EventStoreServer, startEventStore } from './server.ts';

/**
 * The first message to this process, which its parent starts with an IPC channel. Other users can read arguments and
 * environments, so the options come in this message. The answer is `{ ready: true, port }` or `{ failed: reason }`.
 * Tests may send `{ faults: {…} }` and `{ endSubscriptions: true }` later.
 */
type Start = {
  readonly databaseUrl: string;
  readonly access: StoreAccess;
  readonly host?: string;
  readonly port: number;
  readonly migrates?: boolean;
  /** The address that Gossip names, when clients reach the server at another one than it listens at. */
  readonly advertised?: { readonly host?: string; readonly port?: number };
};

/** Longer than a stop takes. When a stop hangs, the process exits after this time. */
const exitMsMax = 10_000;

let starting: Promise<EventStoreServer> | undefined;
let exiting = false;

const log = (line: string) => process.stderr.write(`eventstore: ${line}\n`);

const tell = (message: { ready: true; port: number } | { failed: string }): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected && process.send) process.send(message, () => resolve());
    else resolve();
  });

const exit = async (code: number) => {
  if (exiting) return;
  exiting = true;
  setTimeout(() => process.exit(code), exitMsMax).unref();
  await starting?.then((server) => server.stop()).catch(() => {});
  process.exit(code);
};

const fail = async (reason: string) => {
  log(reason);
  await tell({ failed: reason });
  await exit(1);
};

const start = async (options: Start) => {
  starting = startEventStore({ ...options, log });
  const server = await starting;
  server.failed.then((reason) => fail(reason.message)).catch(() => process.exit(1));
  await tell({ ready: true, port: server.port });
};

const setFaults = async (faults: Partial<Faults>) => {
  const server = await starting;
  if (server) Object.assign(server.faults, faults);
};

const endOpenSubscriptions = async () => {
  const server = await starting;
  if (server) endSubscriptions(server.faults);
};

const receive = async (message: unknown) => {
  if (!isObject(message)) throw new Error('A message to the event store is an object');
  if (isObject(message.faults)) return setFaults(message.faults);
  if (message.endSubscriptions === true) return endOpenSubscriptions();
  if (!isStart(message)) throw new Error('The event store needs a databaseUrl, an access and a port');
  if (starting !== undefined) throw new Error('The event store was started twice');
  await start(message);
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const isStart = (message: Record<string, unknown>): message is Start & Record<string, unknown> =>
  typeof message.databaseUrl === 'string' &&
  typeof message.port === 'number' &&
  parseAccess(message.access) !== null &&
  (message.migrates === undefined || typeof message.migrates === 'boolean') &&
  (message.host === undefined || typeof message.host === 'string') &&
  (message.advertised === undefined || isObject(message.advertised));

if (!process.send) {
  log('This is started by its parent over an IPC channel, not by hand.');
  process.exit(2);
}
// A parent that has ended no longer reads our output. This process must still close the log before it ends.
process.stderr.on('error', () => {});
process.on('message', (message) => {
  receive(message).catch((error: unknown) => fail(errorText(error)));
});
// The parent has ended, so no other process would stop this one.
process.on('disconnect', () => exit(0));
process.on('SIGTERM', () => exit(0));
// Ctrl-C reaches the whole group. The parent finishes its requests first and then stops this process.
process.on('SIGINT', () => {});
