import { freeBytesMin } from '../health/check-disk.ts';
import { lagMaxMs } from '../health/check-parts.ts';
import { counted } from '../output/counted.ts';
import { allRoles } from '../server/roles.ts';
import type { ProcessFacts, StatusFacts } from './status-facts.ts';

/** Returns a sentence for each thing that an operator must do something about. Empty when the ledger is well. */
export const problemsOfStatus = (facts: StatusFacts): readonly string[] => [
  ...problemsOfProcesses(facts.processes),
  ...problemsOfDatabase(facts),
  ...problemsOfReadModels(facts),
  ...(facts.eventStore.answers ? [] : ['The event store does not answer. Commands fail, and reads continue.']),
  ...(facts.freeBytes === null || facts.freeBytes >= freeBytesMin
    ? []
    : [
        `The disk of LEDGER_DATA_DIR has only ${Math.floor(facts.freeBytes / 1024 / 1024)} MiB left. Free space on it.`,
      ]),
  ...(facts.lastVerification?.isIntact === false
    ? [`ledger verify found damage at ${facts.lastVerification.at}. Run it again to see the findings.`]
    : []),
];

const problemsOfProcesses = (processes: readonly ProcessFacts[]): readonly string[] => {
  const alive = processes.filter(({ isSilent }) => !isSilent);
  if (alive.length === 0) return ['No process of the product runs. Run ledger start.'];
  const missing = allRoles.filter((role) => !alive.some(({ roles }) => roles.includes(role)));
  return [
    ...missing.map((role) => `No process has the role ${role}. Start one with --roles ${role}.`),
    ...alive.flatMap((process) =>
      process.faults.map(({ part, reason, since }) => `${nameOf(process)}: ${part}: ${reason} (since ${since}).`),
    ),
  ];
};

const nameOf = ({ host, pid }: ProcessFacts): string => `Process ${pid} on ${host}`;

const problemsOfDatabase = ({ postgres: { migrations } }: StatusFacts): readonly string[] => [
  ...(migrations.pending.length === 0
    ? []
    : [`${migrations.pending.length} migrations are pending. ledger start of this release applies them.`]),
  ...(migrations.unknown.length === 0 ? [] : ['A newer release migrated the database. Update this program.']),
  ...migrations.edited.map((file) => `db/${file} was edited after it was applied. Restore the file as it was.`),
];

const problemsOfReadModels = ({ readModels, lag, eventStore }: StatusFacts): readonly string[] => {
  if (readModels === null) return ['There are no read models. ledger start makes them.'];
  const { isOfThisRelease, release, isLevel, parkedCount } = readModels;
  return [
    ...(isOfThisRelease
      ? []
      : [`Read models of another release (${release}) serve. See Upgrading in docs/operations.md.`]),
    ...(isLevel ? [] : ['The read models are being built. Requests get 503 until they are level.']),
    ...(parkedCount === 0
      ? []
      : [`${counted(parkedCount, 'stream is', 'streams are')} parked. Run ledger parked list.`]),
    ...(lag === null && isOfThisRelease && eventStore.answers
      ? ['The event store sent no event in 5 seconds, so the lag is unknown. Repeat, then check the event store.']
      : []),
    ...(lag === null || lag.seconds * 1_000 <= lagMaxMs
      ? []
      : [`The read models are ${lag.seconds} seconds behind the log. Check the processes with the role projector.`]),
  ];
};
