import { exitCodes } from '../exit-codes.ts';
import { secretName } from '../server/secret-place.ts';
import { table } from '../table.ts';
import { countUses } from './count-uses.ts';
import { reportHolder, reportSecrets, type SecretReport, usesAsText } from './secret-reports.ts';
import { type SecretsSession, withSecrets } from './secrets-session.ts';

/**
 * `ledger secrets status`: prints the secrets that the database was used with, what needs them, and which processes run with
 * which secrets. Exits with 2 when a secret is missing, and with 6 when there is no database yet.
 */
export const secretsStatusCommand = async ({ json }: { readonly json: boolean }): Promise<void> => {
  const status = await withSecrets(readStatus, { readsEarlier: true });
  if (status === null) return reportNothing(json);
  if (json) console.log(JSON.stringify(status, null, 2));
  else printStatus(status);
  if (status.secrets.some(({ state }) => state === 'MISSING')) process.exitCode = exitCodes.usage;
};

/** Prints that there are no secrets yet, and sets the exit code. */
export const reportNothing = (json: boolean): void => {
  if (json) console.log(JSON.stringify({ secrets: [], processes: [] }, null, 2));
  else console.log('No process was started on this database yet. `ledger start` records its secrets.');
  process.exitCode = exitCodes.nothingToCheck;
};

type Status = {
  /** The variable or file of the secrets. */
  readonly source: string;
  readonly secrets: readonly SecretReport[];
  readonly processes: readonly ReturnType<typeof reportHolder>[];
  /** Why nothing was counted. Null: it was. */
  readonly notCounted: string | null;
};

const readStatus = async (session: SecretsSession): Promise<Status> => {
  const { config, db, projectorUrl, stored, holders, hasRecords } = session;
  const { uses, notCounted } = hasRecords ? await countUses(db, projectorUrl, stored) : earlierBuild;
  const secrets = reportSecrets(session, uses);
  return { source: secretName(config), secrets, processes: holders.map(reportHolder), notCounted };
};

const earlierBuild = { uses: new Map(), notCounted: 'The database was last migrated by an earlier build.' };

const printStatus = ({ source, secrets, processes, notCounted }: Status): void => {
  console.log(`${source}:`);
  const cells = secrets.map(({ id, state, place, lastSignedAt, uses }) => [
    ...[id, state, place === null ? '-' : `${place}`, lastSignedAt ?? 'never'],
    uses === null ? '' : usesAsText(uses).join(', ') || 'nothing',
  ]);
  console.log(table(['secret', 'state', 'place', 'last signed', 'needed by'], cells));
  if (notCounted !== null) console.log(`The command did not count what needs them. ${notCounted}`);
  if (processes.length === 0) console.log('No process runs.');
  for (const { pid, host, roles, signing, secrets } of processes)
    console.log(
      `Process ${pid} on ${host} (${roles.join(',')}) signs with ${signing} and accepts ${secrets.join(', ')}.`,
    );
};
