import { type Config, loadConfig } from '../../config.ts';
import { idPattern } from '../../domain/ids.ts';
import { operatorId, repairReason } from '../../eventstore/chain/repair-event.ts';
import { connectEventStore } from '../../eventstore/eventstoredb.ts';
import { createExecutor } from '../../eventstore/executor/execute.ts';
import { checkpointCopies } from '../../notary/checkpoint-copies.ts';
import { installationName } from '../../notary/installation.ts';
import { type NotaryContext, NotSigned } from '../../notary/notary-context.ts';
import { restartLog } from '../../notary/restart-log.ts';
import { rotateLogKey } from '../../notary/rotate-key.ts';
import { createPool } from '../../projections/connect.ts';
import { InvalidProof } from '../../proof/invalid.ts';
import { parseVerifierKey } from '../../proof/notes/verifier-keys.ts';
import { logKeyFile, UnusableLogKey } from '../../signing/log-key-files.ts';
import { createLog } from '../create-log.ts';
import { NothingToCheck, RefusedByPolicy, UsageError } from '../exit-codes.ts';
import { printResult } from '../output/print-result.ts';
import { openCommandServers, otherSchema } from '../server/command-servers.ts';
import { servedLog } from '../server/require-open-log.ts';
import { requireRefusal } from './require-refusal.ts';

type Options = { readonly organization?: string; readonly operator: string; readonly json: boolean };

/** `ledger log rotate-key`: gives the log of an issuer another key, which the old one signs. */
export const rotateKeyCommand = async ({ operator, json, ...options }: Options): Promise<void> => {
  const organization = organizationOf(options);
  checkOperator(operator);
  const { origin, vkey, file } = await withLogs(async (context) => {
    const changed = await rotateLogKey(context, organization, operator);
    return { ...changed, file: logKeyFile(context.keysDirectory, parseVerifierKey(changed.vkey)) };
  });
  printResult(json, { origin, vkey, file }, [
    `${origin} has another key. Its old public key stays valid for earlier checkpoints.`,
    vkey,
    'Give this key to those who check the log, in addition to the earlier one.',
    `Save the new private key, and copy it to other notaries: ${file}`,
    'Keep the saved files of earlier keys as long as the backups of their time.',
  ]);
};

/** `ledger log restart`: begins the log of an issuer again under its next name, after a lawful restore. */
export const restartLogCommand = async (
  options: Options & { readonly reason?: string; readonly force: boolean },
): Promise<void> => {
  const { reason = '', operator, json, force } = options;
  const organization = organizationOf(options);
  checkOperator(operator);
  if (!repairReason.safeParse(reason).success)
    throw new UsageError(
      `${reason === '' ? '--reason is missing' : `--reason ${reason} is not a reason code`}. Give a code of capitals, digits and underscores, such as RESTORED_BACKUP.`,
    );
  const { origin, vkey, last } = await withLogs(async (context) => {
    if (!force) await requireRefusal(context, organization);
    return restartLog(context, organization, { reason, operator });
  });
  printResult(json, { origin, vkey, last }, [
    `The log continues as ${origin}. Its event names the last checkpoint of ${last.origin}, with ${last.size} events.`,
    vkey,
    'Tell those who check the log why it began again, and give them this key.',
  ]);
};

const organizationOf = ({ organization = '' }: Pick<Options, 'organization'>): string => {
  if (idPattern('org').test(organization)) return organization;
  const fault = organization === '' ? 'is missing' : `${organization} is not the id of an organization`;
  throw new UsageError(`--organization ${fault}. Give the id of the issuer, which begins with org_.`);
};

const checkOperator = (operator: string): void => {
  if (!operatorId.safeParse(operator).success)
    throw new UsageError(
      `--operator ${operator} is not an operator id. Give your id in your organization: letters, digits, dots, dashes and underscores. ` +
        'The log stores it for ever, so give no name and no e-mail address.',
    );
};

const withLogs = async <Result>(work: (context: NotaryContext) => Promise<Result>): Promise<Result> => {
  const config = loadConfig();
  const log = createLog(config.logLevel, { format: config.logFormat });
  const servers = await openCommandServers(config, (line) => log.debug(line), 'CHANGE');
  const store = connectEventStore({ url: servers.eventStoreUrl });
  const pool = createPool({ url: servers.workerUrl, role: 'ledger_worker', max: 2, log });
  let slowly: NodeJS.Timeout | undefined;
  try {
    if (servers.schema.kind === 'MISSING') throw new NothingToCheck('The database is empty, so there is no log.');
    const fault = otherSchema(servers.schema);
    if (fault !== null) throw new RefusedByPolicy(fault);
    await servedLog(store);
    slowly = setTimeout(() => console.error('Reading all checkpoints of the log, which may take minutes.'), quietMs);
    return await work({
      ...{ pool, store, executor: createExecutor({ store, limitMs: readMsMax }), ...directoriesOf(config) },
      installation: await installationName(pool, config.notary.origin),
      now: () => new Date(Date.now() + config.clockOffsetSeconds * 1_000),
      note: (sentence) => log.info(sentence),
    });
  } catch (error) {
    if (error instanceof NotSigned || error instanceof UnusableLogKey || error instanceof InvalidProof)
      throw new RefusedByPolicy(error.message);
    throw error;
  } finally {
    clearTimeout(slowly);
    await pool.end();
    await store.close();
    await servers.stop();
  }
};

/** A log has half a million checkpoints after a year of steady writes, and the command reads all of them. */
const readMsMax = 600_000;
const quietMs = 3_000;

const directoriesOf = ({ notary: { keysDir, checkpointDir } }: Config) => ({
  keysDirectory: keysDir,
  copies: checkpointCopies(checkpointDir),
});
