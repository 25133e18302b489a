import { counted } from '../output/counted.ts';
import { table } from '../table.ts';
import type { ProcessFacts, StatusFacts } from './status-facts.ts';
import { accessText } from './store-access-facts.ts';

/** Returns the text of `ledger status` for a person: the facts, then what to do. */
export const statusText = (facts: StatusFacts, problems: readonly string[]): string =>
  [
    problems.length === 0
      ? 'All is well.'
      : `Degraded. ${problems.length === 1 ? '1 thing needs' : `${problems.length} things need`} an operator: see the end.`,
    '',
    processesText(facts.processes),
    '',
    ...Object.entries(lines(facts)).map(([name, text]) => `${name.padEnd(12)}  ${text}`),
    ...(problems.length === 0 ? [] : ['', ...problems.map((problem) => `- ${problem}`)]),
  ].join('\n');

const processesText = (processes: readonly ProcessFacts[]): string =>
  table(
    ['roles', 'host', 'pid', 'version', 'started', 'last seen', 'status'],
    processes.map(({ roles, host, pid, version, startedAt, seenAt, isSilent, status }) => [
      roles.join(','),
      host,
      `${pid}`,
      version,
      startedAt,
      seenAt,
      isSilent ? 'silent' : status,
    ]),
  );

const lines = ({
  mode,
  product,
  postgres,
  eventStore,
  readModels,
  lag,
  lastVerification,
  lastBackup,
}: StatusFacts) => ({
  mode,
  product: `${product.version}, release ${product.release} of the read models`,
  postgres: `${postgres.version}; migrations: ${postgres.migrations.applied} applied, ${postgres.migrations.pending.length} pending`,
  'event store': eventStore.answers
    ? `${eventStore.version ?? 'answers'}, ${accessText(eventStore.access)}`
    : 'does not answer',
  'read models':
    readModels === null
      ? 'none'
      : `version ${readModels.version}, built by release ${readModels.release}, ${readModels.isLevel ? 'level' : 'not level'}`,
  'last rebuild': readModels === null ? 'never' : (readModels.rebuiltAt ?? `never; first made ${readModels.madeAt}`),
  lag:
    lag === null
      ? 'unknown'
      : `${lag.isAtLeast ? 'at least ' : ''}${counted(lag.events, 'event')}, ${counted(lag.seconds, 'second')}`,
  parked: readModels === null || readModels.parkedCount === 0 ? 'no stream' : counted(readModels.parkedCount, 'stream'),
  'last verify':
    lastVerification === null
      ? 'never'
      : `${lastVerification.at}, ${lastVerification.isIntact ? 'intact' : counted(lastVerification.damaged, 'finding')}, ${counted(lastVerification.events, 'event')}`,
  'last backup':
    lastBackup === null
      ? 'never'
      : `${lastBackup.at}, ${Math.floor(lastBackup.ageSeconds / 3_600)} hours ago, ${lastBackup.hasLog ? 'with' : 'without'} the log`,
});
