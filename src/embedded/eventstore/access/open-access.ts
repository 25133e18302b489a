import type { ServerInterceptor } from '@grpc/grpc-js';
import type { Pool } from 'pg';
import { admitCalls } from './admit-calls.ts';
import type { StoreAccess } from './store-access.ts';
import { openStoreUsers } from './store-users.ts';
import { countWrongLogins } from './wrong-logins.ts';

/** What a server does about access. `close` ends what the check of logins needs. */
export type OpenAccess = { readonly interceptors: ServerInterceptor[]; readonly close: () => void };

/** Opens the check of logins. `db`: where the table of users is. Without logins every call is let in. */
export const openAccess = (access: StoreAccess, db: Pick<Pool, 'query'>, log: (line: string) => void): OpenAccess => {
  if (access === 'INSECURE') return { interceptors: [], close: () => {} };
  const users = openStoreUsers(access.login, db);
  const onError = (error: unknown) => log(`The users cannot be read: ${error instanceof Error ? error.stack : error}`);
  return {
    interceptors: [admitCalls({ users, wrongLogins: countWrongLogins(log), onError })],
    close: users.close,
  };
};
