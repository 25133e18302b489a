import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Config, InvalidConfiguration } from '../../config.ts';
import { missingSecrets, type SecretsFault } from '../../identity/secret-records/judge-secrets.ts';
import {
  asOwner,
  forgetHolder,
  hasSecretRecords,
  noteHolder,
  noteSecrets,
  readStoredSecrets,
} from '../../identity/secret-records/stored-secrets-table.ts';
import type { Secrets } from '../../identity/secrets.ts';
import type { Role } from './roles.ts';
import { secretName, secretPlace } from './secret-place.ts';

/** What the check of secrets needs of a process. */
type Holding = {
  readonly config: Config;
  readonly servers: { readonly databaseUrl: string };
  readonly roles: readonly Role[];
  readonly log: Logger;
};

/**
 * Refuses secrets that the database does not know, before anything is migrated. Throws InvalidConfiguration. Does nothing on a
 * database without records of secrets, which `holdSecrets` checks after the migration.
 */
export const refuseUnknownSecrets = async ({ config, servers }: Holding, secrets: Secrets): Promise<void> => {
  const ids = await asOwner(servers.databaseUrl, async (db) =>
    (await hasSecretRecords(db)) ? missingSecrets(secrets, await readStoredSecrets(db)) : [],
  ).catch((error) => {
    // The first migration creates the role.
    if (roleMissing.has(error?.code)) return [];
    throw error;
  });
  if (ids.length > 0) throw new InvalidConfiguration(sentenceOf(config, secrets, { kind: 'MISSING', ids }));
};

/**
 * Records the secrets of this process, and every 30 seconds that it runs. Returns what ends that. Throws
 * InvalidConfiguration when the secrets do not fit those that the database was used with.
 */
export const holdSecrets = async (
  { config, servers, roles, log }: Holding,
  secrets: Secrets,
): Promise<() => Promise<void>> => {
  const name = { processId: randomUUID(), host: hostname(), pid: process.pid, roles };
  const url = servers.databaseUrl;
  const fault = await asOwner(url, (db) => noteSecrets(db, secrets, name));
  if (fault !== null) throw new InvalidConfiguration(sentenceOf(config, secrets, fault));
  let running: Promise<void> | null = null;
  const beat = setInterval(() => {
    // A beat that waits for Postgres stands for those after it.
    running ??= asOwner(url, (db) => noteHolder(db, secrets, name))
      .catch((error) => log.warn({ err: error }, 'The process could not record that it runs. It tries again.'))
      .finally(() => {
        running = null;
      });
  }, beatMs).unref();
  return async () => {
    clearInterval(beat);
    const forgetting = Promise.resolve(running).then(() => asOwner(url, (db) => forgetHolder(db, secrets, name)));
    // Without Postgres the row ends by its age.
    await Promise.race([forgetting.catch(() => {}), delay(forgetMs, undefined, { ref: false })]);
  };
};

const beatMs = 30_000;
const forgetMs = 2_000;
// The role does not exist, or this login may not become it yet.
const roleMissing: ReadonlySet<unknown> = new Set(['22023', '42501']);

/** Returns what is wrong with the secrets, which variable or file has them, and what to do. */
const sentenceOf = (config: Config, secrets: Secrets, fault: SecretsFault): string => {
  const name = secretName(config);
  const ids = secrets.all.map(({ id }) => id);
  const contents = `${name} has ${ids.length === 1 ? 'one secret' : `${ids.length} secrets`}: ${ids.join(', ')}.`;
  if (fault.kind === 'MISSING') {
    const one = fault.ids.length === 1;
    return (
      `${contents} This database was used with ${list(fault.ids)}, which ${one ? 'is' : 'are'} missing. Without ` +
      `${one ? 'it' : 'them'}, its license keys and API keys do not work. ` +
      `${secretPlace(config).kind === 'VARIABLE' ? 'Add the missing secret to the variable' : 'Add the missing secret to the file'}, ` +
      'or connect the database that belongs to these secrets. `ledger secrets status` lists all of them.'
    );
  }
  if (fault.kind === 'RETIRED_SIGNS')
    return `${contents} The first one signs, but ${fault.id} was retired. Put the secret that signs first: \`ledger secrets status\` names it.`;
  const lacking = fault.lacking.map(({ host, pid, roles }) => `process ${pid} on ${host} (${roles})`);
  return (
    `${contents} The first one signs, but ${list(lacking)} would not accept it. Put ${fault.id} last and restart every ` +
    'process. Then put it first. A process that was killed counts for 90 seconds.'
  );
};

const list = (values: readonly string[]): string =>
  values.length === 1 ? `${values[0]}` : `${values.slice(0, -1).join(', ')} and ${values.at(-1)}`;
