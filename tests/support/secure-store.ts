import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { certificatePlaces } from '../../src/embedded/certificates/certificate-files.ts';
import { ensureStoreEntry, type StoreEntry, storeUrl } from '../../src/embedded/certificates/store-entry.ts';
import { type EventStoreServer, startEventStore } from '../../src/embedded/eventstore/server.ts';
import { createDatabase } from './database.ts';

/** The real server with TLS and logins, on an empty database of its own. */
export type SecureStore = {
  readonly server: EventStoreServer;
  readonly entry: StoreEntry;
  readonly databaseUrl: string;
  /** The URL of the product. */
  readonly url: string;
  readonly lines: readonly string[];
  /** The URL of another user. */
  urlOf(name: string, password: string): string;
  /** The URL without a login. */
  readonly withoutLogin: string;
  readonly caFile: string;
  stop(): Promise<void>;
};

/** Starts it on a free port. */
export const startSecureStore = async (): Promise<SecureStore> => {
  const directory = await mkdtemp(path.join(tmpdir(), 'ledger secure & store-'));
  const database = await createDatabase();
  const entry = await ensureStoreEntry(directory);
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  const server = await startEventStore({ access: entry.access, databaseUrl: database.url, port: 0, log });
  const { ca: caFile } = certificatePlaces(directory);
  const urlOf = (name: string, password: string) =>
    storeUrl({ host: 'localhost', port: server.port }, { name, password }, caFile);
  return {
    ...{ server, entry, databaseUrl: database.url, url: entry.urlAt(server.port), lines, urlOf, caFile },
    withoutLogin: urlOf('a', 'b').replace('a:b@', ''),
    stop: async () => {
      await server.stop();
      await database.drop();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
