import { randomUUID } from 'node:crypto';
import { type AppendToStreamOptions, EventStoreDBClient } from '@eventstore/db-client';
import { type ConnectedStore, connectEventStore } from '../../../src/eventstore/eventstoredb.ts';
import { startOwnStore } from '../../support/event-store.ts';
import { outsideServers } from '../../support/outside-servers.ts';
import { loginMetadata, protocolClients, storeAddress } from '../../support/protocol-clients.ts';

/** The server that the contract is checked against, and clients of it. Closed by `stop`. */
export type ContractServer = {
  readonly url: string;
  /** Two official clients with connections of their own. */
  readonly client: EventStoreDBClient;
  readonly other: EventStoreDBClient;
  /** The protocol itself. Every call takes `login`. */
  readonly raw: ReturnType<typeof protocolClients>;
  readonly login: ReturnType<typeof loginMetadata>;
  /** The product's own adapter. */
  readonly store: ConnectedStore;
  /** The same, but it gathers appends into one call. */
  readonly gathering: ConnectedStore;
  /** The options with which the client calls Append instead of BatchAppend. */
  readonly unary: AppendToStreamOptions;
  readonly stop: () => Promise<void>;
};

/** The URL of a server that this run does not own, or null: then the embedded server is checked. */
export const outsideUrl = process.env.LEDGER_CONTRACT_EVENTSTORE_URL || outsideServers.eventStoreUrl;

/** Connects to the outside server, or starts the embedded one on an empty database. */
export const openContractServer = async (): Promise<ContractServer> => {
  const own = outsideUrl === null ? await startOwnStore() : null;
  const url = outsideUrl ?? own?.url ?? '';
  const address = storeAddress(url);
  const client = EventStoreDBClient.connectionString(url);
  const other = EventStoreDBClient.connectionString(url);
  const store = connectEventStore({ url, watch: { idleMs: 20, pollMs: 50 } });
  const gathering = connectEventStore({ url, watch: { idleMs: 20, pollMs: 50 }, gathersAppends: true });
  const raw = protocolClients(address);
  return {
    ...{ url, client, other, raw, store, gathering },
    login: loginMetadata(address),
    unary: { credentials: address.login ?? { username: 'nobody', password: 'asks' } },
    stop: async () => {
      raw.close();
      await Promise.all([client.dispose(), other.dispose(), store.close(), gathering.close()]);
      await own?.stop();
    },
  };
};

/** All streams of this run begin with it, so that runs on the same server do not meet. */
export const runPrefix = `contract${randomUUID().slice(0, 8)}`;

/** Returns the name of a stream that nobody has used. */
export const newStream = (kind = 'stream'): string => `${runPrefix}-${kind}-${randomUUID()}`;
