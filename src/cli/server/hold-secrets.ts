import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { Logger } from 'pino';
import { type Config, InvalidConfiguration } from '../../config.ts';
import {
  hasStarted,
  judgeSecrets,
  missingSecrets,
  type SecretsFault,
} from '../../identity/secret-records/judge-secrets.ts';
import { readSecretsInUse, sampleSecretsInUse } from '../../identity/secret-records/secrets-in-use.ts';
import {
  asOwner,
  forgetHolder,
  hasSecretRecords,
  inTransaction,
  isWithoutOwner,
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
 * Refuses secrets without those that the database was used with, before anything is migrated, so that the earlier build still
 * starts. Throws InvalidConfiguration. In a database without a recorded start, the keys that work decide.
 */
export const refuseUnknownSecrets = async ({ config, servers }: Holding, secrets: Secrets): Promise<void> => {
  const fault = await asOwner(
    servers.databaseUrl,
    (db) =>
      inTransaction(db, async () => {
        const stored = (await hasSecretRecords(db)) ? await readStoredSecrets(db) : [];
        const inUse = hasStarted(stored) ? [] : await readSecretsInUse(db);
        return judgeSecrets(secrets, { stored, inUse, holders: [] });
      }),
    noAnswerLimit,
  ).catch((error: unknown) => {
    // The first migration creates the role.
    if (isWithoutOwner(error)) return null;
    throw error;
  });
  if (fault !== null) throw new InvalidConfiguration(sentenceOf(config, secrets, fault));
};

// Before the first recorded start of this build, all license keys are read.
const noAnswerLimit = 0;

/** The secrets of a process while it runs. */
export type HeldSecrets = {
  /** Returns the ids of the secrets that this process lacked when it last recorded that it runs. */
  readonly missing: () => readonly string[];
  readonly stop: () => Promise<void>;
};

/**
 * Records the secrets of this process, and every 30 seconds that it runs. Each time it also logs an error when another process
 * signs with a secret that this one lacks, or keys need one. Throws InvalidConfiguration when the secrets do not fit those that
 * the database was used with.
 */
export const holdSecrets = async ({ config, servers, roles, log }: Holding, secrets: Secrets): Promise<HeldSecrets> => {
  // Only `ledger init` has no role.
  const name = {
    ...{ processId: randomUUID(), host: hostname(), pid: process.pid },
    roles: roles.length === 0 ? ['init'] : roles,
  };
  const url = servers.databaseUrl;
  const fault = await asOwner(url, (db) => noteSecrets(db, secrets, name), noAnswerLimit);
  if (fault !== null) throw new InvalidConfiguration(sentenceOf(config, secrets, fault));
  let missing: readonly string[] = [];
  const record = async () => {
    missing = await asOwner(url, async (db) => {
      await noteHolder(db, secrets, name);
      return lackingNow(db, secrets);
    });
    if (missing.length > 0)
      log.error(`${sentenceOf(config, secrets, { kind: 'MISSING', ids: missing })} Then restart.`);
  };
  let running: Promise<void> | null = null;
  const beat = setInterval(() => {
    // A beat that waits for Postgres stands for those after it.
    running ??= record()
      .catch((error) => log.warn({ err: error }, 'The process could not record that it runs. It tries again.'))
      .finally(() => {
        running = null;
      });
  }, beatMs).unref();
  const stop = async () => {
    clearInterval(beat);
    const forgetting = Promise.resolve(running).then(() => asOwner(url, (db) => forgetHolder(db, secrets, name)));
    // Without Postgres the row ends by its age.
    await Promise.race([forgetting.catch(() => {}), delay(forgetMs, undefined, { ref: false })]);
  };
  return { missing: () => missing, stop };
};

/**
 * Returns the ids of secrets that this process needs and lacks. A process that could not record itself for 90 seconds does not
 * hold up a new secret. Read models that were restored from the log may have keys of another one.
 */
const lackingNow = (db: ClientBase, secrets: Secrets): Promise<readonly string[]> =>
  inTransaction(db, async () => {
    const stored = await readStoredSecrets(db);
    const fine = [...secrets.all, ...stored.filter(({ retiredAt }) => retiredAt !== null)].map(({ id }) => id);
    const unknown = (await sampleSecretsInUse(db)).filter((id) => !fine.includes(id));
    return [...new Set([...missingSecrets(secrets, stored), ...unknown])];
  });

const beatMs = 30_000;
const forgetMs = 2_000;

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
      'or connect the database that belongs to these secrets. `ledger secrets status` lists all of them. ' +
      `For a lost secret: \`ledger secrets rotate --retire --id ${one ? fault.ids[0] : '<id>'} --force\`.`
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
