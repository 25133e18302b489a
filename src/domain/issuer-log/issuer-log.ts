import { type At, type Decider, type Decision, type Rejection, reject } from '../decider.ts';
import type { Instant } from '../time.ts';

// The stream `checkpoint-{organizationId}` has what the notary signed for the log of an issuer. An event of it is stored
// before anybody can get its checkpoint.

/** The size and the root of a log under a name. `root`: base64 of 32 bytes. */
export type TreeState = { readonly origin: string; readonly size: number; readonly root: string };

/** Events, version 1: add, never rename or repurpose. `vkey`: a public key in the form of C2SP signed-note. */
export type IssuerLogEvent =
  | { readonly type: 'LogStarted'; readonly data: { readonly origin: string; readonly vkey: string } }
  | {
      readonly type: 'CheckpointSigned';
      /** `note`: the whole signed note, without cosignatures of witnesses. */
      readonly data: { readonly size: number; readonly root: string; readonly note: string };
    }
  /** `note`: the new key, signed with the old one. */
  | { readonly type: 'LogKeyRotated'; readonly data: { readonly vkey: string; readonly note: string } }
  | {
      readonly type: 'LogRestarted';
      readonly data: {
        readonly origin: string;
        readonly vkey: string;
        readonly reason: string;
        /** The last checkpoint under the earlier name. */
        readonly last: TreeState;
      };
    };

type Command<Type extends string, Data> = { readonly type: Type; readonly data: Data; readonly at: Instant };

/** Commands of the log of an issuer. `at` is the server's clock, read once per command. */
export type IssuerLogCommand =
  /** Changes nothing when the log has started, also with another origin or key. */
  | Command<'StartLog', { readonly origin: string; readonly vkey: string }>
  | Command<'SignCheckpoint', { readonly size: number; readonly root: string; readonly note: string }>
  | Command<'RotateLogKey', { readonly vkey: string; readonly note: string }>
  | Command<'RestartLog', { readonly vkey: string; readonly reason: string; readonly last: TreeState }>;

/** Why a command is refused. The notary and the operator get the sentence; no client sees it. */
export type IssuerLogRejection = 'LOG_NOT_STARTED' | 'INVALID_NOTE' | 'WRONG_TREE' | 'WRONG_KEY';

/** A log. `last`: the last checkpoint under this origin; null before the first one. `vkey`: the current key, and that of the checkpoint. */
export type IssuerLog =
  | { readonly kind: 'unstarted' }
  | {
      readonly kind: 'started';
      readonly origin: string;
      readonly vkey: string;
      readonly last: (Omit<TreeState, 'origin'> & { readonly vkey: string; readonly signedAt: Instant }) | null;
    };

/** The result of a check, or a sentence that says what is wrong. */
export type Checked<Value> = { readonly value: Value } | { readonly fault: string };

/** What the rules need of notes and keys. Every function is pure. */
export type NoteChecks = {
  /** Returns the checkpoint of a note that this key signed. */
  readonly checkpoint: (note: string, vkey: string) => Checked<TreeState>;
  /** Returns the origin and the new key of a note of a rotation that this key signed. */
  readonly rotation: (note: string, vkey: string) => Checked<{ readonly origin: string; readonly vkey: string }>;
  /** Returns the origin that a key is named after. */
  readonly originOfKey: (vkey: string) => Checked<string>;
  /** Returns the origin of the log that begins again after this one. */
  readonly restartedOrigin: (origin: string) => Checked<string>;
  /** Returns whether the first origin is a later name of the log with the other one. */
  readonly isLaterName: (origin: string, than: string) => boolean;
};

/** Decides and folds the log of an issuer: what its notary may sign. */
export const issuerLogDecider = (
  checks: NoteChecks,
): Decider<IssuerLogCommand, IssuerLogEvent, IssuerLog, IssuerLogRejection> => ({
  initial: () => ({ kind: 'unstarted' }),
  decide: (command, log) => decide(command, log, checks),
  evolve,
  fork: (log) => log,
});

const decide = (
  command: IssuerLogCommand,
  log: IssuerLog,
  checks: NoteChecks,
): Decision<IssuerLogEvent, IssuerLogRejection> => {
  if (command.type === 'RestartLog') return decideRestart(command.data, log, checks);
  if (command.type === 'StartLog') return log.kind === 'started' ? [] : decideStart(command.data, checks);
  if (log.kind === 'unstarted') return reject('LOG_NOT_STARTED', 'The log has not started, so it has no key.');
  return command.type === 'SignCheckpoint'
    ? decideCheckpoint(command.data, log, checks)
    : decideRotation(command.data, log, checks);
};

type Started = Extract<IssuerLog, { kind: 'started' }>;
type DataOf<Type extends IssuerLogCommand['type']> = Extract<IssuerLogCommand, { type: Type }>['data'];
type Decided = Decision<IssuerLogEvent, IssuerLogRejection>;

const decideStart = ({ origin, vkey }: DataOf<'StartLog'>, checks: NoteChecks): Decided =>
  keyFault(vkey, origin, checks) ?? [{ type: 'LogStarted', data: { origin, vkey } }];

const decideCheckpoint = (
  { size, root, note }: DataOf<'SignCheckpoint'>,
  log: Started,
  checks: NoteChecks,
): Decided => {
  const { last, origin, vkey } = log;
  const signed = checks.checkpoint(note, vkey);
  if ('fault' in signed) return reject('INVALID_NOTE', signed.fault);
  const { value } = signed;
  if (value.origin !== origin || value.size !== size || value.root !== root)
    return reject('INVALID_NOTE', `The note is not about ${size} events of ${origin} with the root ${root}.`);
  if (last !== null && size < last.size)
    return reject('WRONG_TREE', `The log ${origin} has signed ${last.size} events, so it cannot sign ${size}.`);
  if (size === last?.size && root !== last.root)
    return reject('WRONG_TREE', `The log ${origin} has signed another root of ${size} events: ${last.root}.`);
  // The same tree is signed a second time only with another key.
  if (size === last?.size && vkey === last.vkey) return [];
  return [{ type: 'CheckpointSigned', data: { size, root, note } }];
};

const decideRotation = ({ vkey, note }: DataOf<'RotateLogKey'>, log: Started, checks: NoteChecks): Decided => {
  if (vkey === log.vkey) return [];
  const fault = keyFault(vkey, log.origin, checks);
  if (fault !== null) return fault;
  const signed = checks.rotation(note, log.vkey);
  if ('fault' in signed) return reject('INVALID_NOTE', signed.fault);
  if (signed.value.origin !== log.origin || signed.value.vkey !== vkey)
    return reject('INVALID_NOTE', `The note is not about the key ${vkey} of ${log.origin}.`);
  return [{ type: 'LogKeyRotated', data: { vkey, note } }];
};

/**
 * A log begins again after the last checkpoint that anybody may have. A copy outside the databases may have a later one
 * than the stream, also under a later name. The stream itself may be gone; then it begins with the earlier name.
 */
const decideRestart = ({ vkey, reason, last }: DataOf<'RestartLog'>, log: IssuerLog, checks: NoteChecks): Decided => {
  const next = checks.restartedOrigin(last.origin);
  if ('fault' in next) return reject('WRONG_TREE', next.fault);
  if (log.kind === 'started' && log.vkey === vkey && log.origin === next.value) return [];
  const earlier = log.kind === 'started' ? log.origin : last.origin;
  if (last.origin !== earlier && !checks.isLaterName(last.origin, earlier))
    return reject('WRONG_TREE', `The last checkpoint is of ${last.origin}, and the log is ${earlier}.`);
  if (log.kind === 'started' && last.origin === earlier && last.size < (log.last?.size ?? 0))
    return reject('WRONG_TREE', `The last checkpoint of ${earlier} has ${log.last?.size} events, not ${last.size}.`);
  const fault = keyFault(vkey, next.value, checks);
  if (fault !== null) return fault;
  const restarted = { type: 'LogRestarted', data: { origin: next.value, vkey, reason, last } } as const;
  return log.kind === 'started' ? [restarted] : [{ type: 'LogStarted', data: { origin: earlier, vkey } }, restarted];
};

const keyFault = (vkey: string, origin: string, checks: NoteChecks): Rejection<IssuerLogRejection> | null => {
  const named = checks.originOfKey(vkey);
  if ('fault' in named) return reject('WRONG_KEY', named.fault);
  return named.value === origin ? null : reject('WRONG_KEY', `The key is named ${named.value}, and the log ${origin}.`);
};

const evolve = (log: IssuerLog, event: IssuerLogEvent, { recordedAt }: At): IssuerLog => {
  if (event.type === 'LogStarted' || event.type === 'LogRestarted') {
    const { origin, vkey } = event.data;
    return { kind: 'started', origin, vkey, last: null };
  }
  if (log.kind === 'unstarted') return log;
  if (event.type === 'LogKeyRotated') return { ...log, vkey: event.data.vkey };
  const { size, root } = event.data;
  return { ...log, last: { size, root, vkey: log.vkey, signedAt: recordedAt } };
};
