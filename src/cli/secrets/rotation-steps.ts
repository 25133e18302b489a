import type { SecretHolder, StoredSecret } from '../../identity/secret-records/judge-secrets.ts';
import { noteSecret, retireSecret } from '../../identity/secret-records/stored-secrets-table.ts';
import { newSecret, parseSecrets } from '../../identity/secrets.ts';
import { secretText } from '../server/open-servers.ts';
import { secretName } from '../server/secret-place.ts';
import { type Edit, editSecrets, secretTexts } from './edit-secrets.ts';
import { holderAsText } from './secret-reports.ts';
import type { SecretsSession } from './secrets-session.ts';

/** How a step of a rotation ended. `refused`: it changed nothing. `lines`: what happened, and what to do next. */
export type Outcome = {
  readonly id: string | null;
  readonly refused: boolean;
  readonly lines: readonly string[];
  /** The new secret, when the operator must store it. */
  readonly newSecret?: string;
  /** Who changed the list of secrets. NOBODY: it is as it must be. */
  readonly changedBy: Edit['by'] | 'NOBODY';
};

const restart = 'Running processes read it when they start: restart one after the other.';

/** Adds a new secret at the end of the list: every process will accept it, and none signs with it. */
export const prepareSecret = async (session: SecretsSession): Promise<Outcome> => {
  const { config, db, holders } = session;
  const prepared = preparedSecret(session);
  if (prepared !== undefined) {
    const lacking = holdersWithout(holders, prepared);
    const next =
      lacking.length === 0
        ? 'Every running process accepts it. Next: ledger secrets rotate --switch'
        : `It is not accepted yet by ${lacking.map(holderAsText).join(', ')}: restart ${lacking.length === 1 ? 'it' : 'them'} with it.`;
    return { id: prepared, refused: false, changedBy: 'NOBODY', lines: [`${prepared} is prepared.`, next] };
  }
  const text = newSecret();
  const { signing } = parseSecrets(text);
  const before = await configuredTexts(session);
  const edit = await editSecrets(config, before, [...before, text]);
  await noteSecret(db, signing);
  const next = 'Then, when all of them run again: ledger secrets rotate --switch';
  const lines =
    edit.by === 'COMMAND'
      ? [`${signing.id} was added to ${edit.file}. ${restart}`, ...warningOf(edit), next]
      : [
          ...cannotEdit(edit),
          `Put this new secret at the end of ${edit.where}, after a comma, for every process. Restart one after the other.`,
          `  ${text}`,
          next,
        ];
  const printed = edit.by === 'OPERATOR' ? { newSecret: text } : {};
  return { id: signing.id, refused: false, changedBy: edit.by, lines, ...printed };
};

/** Puts the prepared secret first, so that processes sign with it. Refuses while a running process does not accept it. */
export const switchSecret = async (session: SecretsSession): Promise<Outcome> => {
  const { config, holders } = session;
  const prepared = preparedSecret(session);
  if (prepared === undefined) return alreadySwitched(session);
  const lacking = holdersWithout(holders, prepared);
  if (lacking.length > 0) {
    const lines = [
      `${prepared} must not sign yet: ${lacking.map(holderAsText).join(', ')} would not accept it.`,
      'Restart every process with it first. A process that was killed counts for 90 seconds.',
    ];
    return { id: prepared, refused: true, changedBy: 'NOBODY', lines };
  }
  const before = await configuredTexts(session);
  const place = placeOf(prepared, before);
  const after = [...before.slice(place, place + 1), ...before.filter((_, index) => index !== place)];
  const edit = await editSecrets(config, before, after);
  const next = 'The previous secret still verifies. When nothing needs it: ledger secrets rotate --retire';
  const lines =
    edit.by === 'COMMAND'
      ? [`${prepared} is first in ${edit.file}. ${restart}`, ...warningOf(edit), next]
      : [
          ...cannotEdit(edit),
          `Put ${prepared} first in ${edit.where} for every process: it is value ${place + 1}. Leave the others after it. Restart one after the other.`,
          next,
        ];
  return { id: prepared, refused: false, changedBy: edit.by, lines };
};

/** Records that a secret is not needed, and removes it from the list. The caller has counted what needs it. */
export const removeSecret = async (session: SecretsSession, secret: StoredSecret): Promise<Outcome> => {
  const { id } = secret;
  // Without the secret no process of this build starts, so none can migrate.
  if (!session.hasRecords) await session.migrate();
  // First in the database: a process that lacks a secret of the database does not start.
  if (await retireSecret(session.db, secret)) return removeFromList(session, id, `${id} is retired.`);
  const lines = [`A process has started with ${id} meanwhile. Nothing was changed. Repeat the command.`];
  return { id, refused: true, changedBy: 'NOBODY', lines };
};

/** Removes a retired secret from the list. `done`: the sentence to begin with. */
export const removeFromList = async (session: SecretsSession, id: string, done: string): Promise<Outcome> => {
  const { config, secrets } = session;
  if (!secrets.all.some((secret) => secret.id === id))
    return { id, refused: false, changedBy: 'NOBODY', lines: [done] };
  const before = await configuredTexts(session);
  const place = placeOf(id, before);
  const edit = await editSecrets(
    config,
    before,
    before.filter((_, index) => index !== place),
  );
  const lines =
    edit.by === 'COMMAND'
      ? [done, `It was removed from ${edit.file}. ${restart}`, ...warningOf(edit)]
      : [
          done,
          ...cannotEdit(edit),
          `Remove value ${place + 1} from ${edit.where} for every process. Restart one after the other.`,
        ];
  return { id, refused: false, changedBy: edit.by, lines };
};

/** Returns the secrets that signed, do not sign now, and are not retired, the oldest first. */
export const retirable = ({ stored, secrets }: SecretsSession): readonly StoredSecret[] =>
  stored.filter(
    ({ id, firstSignedAt, retiredAt }) => firstSignedAt !== null && retiredAt === null && id !== secrets.signing.id,
  );

const alreadySwitched = ({ holders, secrets, config }: SecretsSession): Outcome => {
  const { id } = secrets.signing;
  const others = holders.filter(({ signing }) => signing !== id);
  const lines =
    others.length === 0
      ? [`${id} signs. No other secret is prepared: ledger secrets rotate --prepare`]
      : [
          `${id} is first in ${secretName(config)}. These still sign with another one: ${others.map(holderAsText).join(', ')}. Restart them.`,
        ];
  return { id, refused: others.length === 0, changedBy: 'NOBODY', lines };
};

/** Returns the last configured secret that never signed, if any. */
const preparedSecret = ({ secrets, stored }: SecretsSession): string | undefined =>
  secrets.all
    .slice(1)
    .map(({ id }) => id)
    .findLast((id) => {
      const secret = stored.find((known) => known.id === id);
      return secret === undefined || (secret.firstSignedAt === null && secret.retiredAt === null);
    });

const holdersWithout = (holders: readonly SecretHolder[], id: string) =>
  holders.filter(({ secrets }) => !secrets.includes(id));

const configuredTexts = async ({ config }: SecretsSession): Promise<readonly string[]> =>
  secretTexts(
    await secretText(config, () => {
      throw new Error('The configuration has no secret.');
    }),
  );

/** Returns the place of a secret in a list, from 0. Throws when another process has removed it. */
const placeOf = (id: string, texts: readonly string[]): number => {
  const place = texts.findIndex((text) => parseSecrets(text).signing.id === id);
  if (place === -1) throw new Error(`${id} was removed from the list meanwhile. Repeat the command.`);
  return place;
};

const warningOf = (edit: Extract<Edit, { by: 'COMMAND' }>): readonly string[] =>
  edit.mayOthersRead
    ? [
        `Every user of this machine can read ${edit.file}. Let only the service read it, then delete ${edit.file}.previous.`,
      ]
    : [];

const cannotEdit = (edit: Extract<Edit, { by: 'OPERATOR' }>): readonly string[] =>
  edit.why === null ? [] : [`The command cannot change ${edit.where}: ${edit.why}.`];
