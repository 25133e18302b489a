import type { StoredSecret } from '../../identity/secret-records/judge-secrets.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { countUses } from './count-uses.ts';
import {
  type Outcome,
  prepareSecret,
  removeFromList,
  removeSecret,
  retirable,
  switchSecret,
} from './rotation-steps.ts';
import { holderAsText, usesAsText } from './secret-reports.ts';
import { type SecretsSession, withSecrets } from './secrets-session.ts';
import { reportNothing } from './secrets-status.ts';

/** The options of `ledger secrets rotate`. */
export type RotateOptions = {
  readonly prepare: boolean;
  readonly switch: boolean;
  readonly retire: boolean;
  /** The secret to retire. Default: the oldest one that does not sign. */
  readonly id?: string | undefined;
  /** Retires although something needs the secret. */
  readonly force: boolean;
  readonly json: boolean;
};

/**
 * `ledger secrets rotate`: takes one step of a rotation. Exits with 5 and changes nothing when the step is not safe, and with 6
 * when there is nothing to rotate.
 */
export const rotateSecretsCommand = async (options: RotateOptions): Promise<void> => {
  const step = stepOf(options);
  const outcome = await withSecrets(step, { readsEarlier: options.retire });
  if (outcome === null) return reportNothing(options.json);
  const { lines, ...facts } = outcome;
  if (options.json) console.log(JSON.stringify({ ...facts, message: lines.join('\n') }, null, 2));
  else for (const line of lines) (outcome.refused ? console.error : console.log)(line);
  if (outcome.refused) process.exitCode = outcome.id === null ? exitCodes.nothingToCheck : exitCodes.refused;
};

const stepOf = (options: RotateOptions): ((session: SecretsSession) => Promise<Outcome>) => {
  const { prepare, retire, id, force } = options;
  if ([prepare, options.switch, retire].filter((step) => step).length !== 1)
    throw new UsageError(
      'Give one of --prepare, --switch and --retire. They are the steps of a rotation in this order.',
    );
  if (!retire && (id !== undefined || force)) throw new UsageError('--id and --force belong to --retire.');
  if (prepare) return prepareSecret;
  return options.switch ? switchSecret : (session) => retireUnneeded(session, { id, force });
};

const retireUnneeded = async (
  session: SecretsSession,
  { id, force }: Pick<RotateOptions, 'id' | 'force'>,
): Promise<Outcome> => {
  const { stored, secrets, holders } = session;
  const refuse = (secret: string | null, ...lines: readonly string[]): Outcome => ({
    ...{ id: secret, refused: true, changedBy: 'NOBODY', lines },
  });
  const isConfigured = (known: StoredSecret) => secrets.all.slice(1).some((secret) => secret.id === known.id);
  const unfinished = stored.find((known) => known.retiredAt !== null && isConfigured(known));
  const secret = id === undefined ? (unfinished ?? retirable(session)[0]) : stored.find((known) => known.id === id);
  if (secret === undefined)
    return id === undefined
      ? refuse(null, 'There is no secret to retire: only the one that signs is in use.')
      : refuse(id, `The database does not know the secret ${id}. \`ledger secrets status\` lists all of them.`);
  if (secret.retiredAt !== null)
    return isConfigured(secret)
      ? removeFromList(session, secret.id, `${secret.id} is retired already.`)
      : refuse(secret.id, `${secret.id} is retired already.`);
  if (secret.id === secrets.signing.id) return refuse(secret.id, `${secret.id} signs. Another secret must sign first.`);
  const signing = holders.filter((holder) => holder.signing === secret.id);
  if (signing.length > 0)
    return refuse(
      secret.id,
      `${secret.id} still signs in ${signing.map(holderAsText).join(', ')}. Restart them first.`,
    );
  if (!session.hasRecords && !force)
    return refuse(
      secret.id,
      'The database was last migrated by an earlier build. Start this build with every secret first. With --force the command migrates the database and retires a lost secret.',
    );
  const needs = force ? [] : await needsOf(session, secret);
  if (needs.length === 0) return removeSecret(session, secret);
  return refuse(
    secret.id,
    `${secret.id} cannot be retired. These need it:`,
    ...needs.map((need) => `  ${need}`),
    'They end when license keys and API keys are rotated, devices deactivated, and sessions over. With --force they stop working now.',
  );
};

/** Returns what needs a secret. */
const needsOf = async ({ db, projectorUrl, now }: SecretsSession, secret: StoredSecret): Promise<readonly string[]> => {
  if (secret.lastSignedAt === null) return [];
  const { uses, notCounted } = await countUses(db, projectorUrl, [secret]);
  if (notCounted !== null) throw new Error(`What needs ${secret.id} cannot be counted. ${notCounted}`);
  const counted = uses.get(secret.id);
  const until = new Date(secret.lastSignedAt.getTime() + repeatableMs);
  return [
    ...(counted === undefined ? [] : usesAsText(counted)),
    ...(until > now ? [`repeated requests, mailed links and cursors, until ${until.toISOString()}`] : []),
  ];
};

// For how long a stored answer and a mailed link are good after the secret last signed, with an hour to spare.
const repeatableMs = 25 * 60 * 60 * 1_000;
