import { rowSecurity } from '../../row-security.ts';

/**
 * Tables that are written after the event that they are about. They are copied before the log: an answer that promises an
 * event must not outlive it, nor a cosignature its checkpoint. A restore onto an older log leaves them out.
 */
export const writtenAfterEvents = ['ops.idempotency', 'ops.first_organization', 'ops.log_cosignatures'] as const;

/**
 * Tables with rows that are written before the event that refers to them, or that no event refers to. They are copied after
 * the end of the log was read, so no row that an event needs is missing. A transfer changes the holder in rows of the vault
 * after its event: `giveToHolders` repeats that change.
 */
export const writtenBeforeEvents: readonly string[] = rowSecurity.readableByBackup.filter(
  (table) => !writtenAfterEvents.some((after) => after === table),
);

/** Every table of Postgres in a backup. */
export const copiedTables: readonly string[] = [...writtenAfterEvents, ...writtenBeforeEvents];

/** The other tables of identity, vault and ops, with the reason why a backup leaves them out. */
export const leftOut: Readonly<Record<string, string>> = {
  'ops.migrations': 'in the manifest',
  'ops.checkpoints': 'of the read models, which a restore builds from the log',
  'ops.projection_versions': 'of the read models',
  'ops.parked': 'of the read models',
  'ops.parked_keys': 'of the read models',
  'ops.parked_owners': 'of the read models',
  'ops.log_trees': 'the notary builds the trees again from the read models',
  'ops.log_tiles': 'of the trees',
  'ops.log_growth': 'of the trees',
  'ops.log_checkpoints': 'of the streams of checkpoints in the log',
  'ops.log_keys': 'of the streams of checkpoints in the log',
  'ops.log_installation': 'of new logs, while a log that exists has its name in its stream',
  'ops.log_demands': 'of running requests',
  'ops.stream_snapshots': 'a cache of the log',
  'ops.served_log': 'the restore writes the id of the log that it finds',
  'ops.secret_holders': 'of running processes',
  'ops.processes': 'of running processes',
  'ops.turns': 'of running requests',
  'ops.audit_packs': 'of files that anybody with the right can request again, and that end after a week',
  'ops.audit_pack_parts': 'of such files',
  'ops.sweep_pauses': 'how long a job waits after a failure',
  'ops.last_verification': 'about another database',
  'ops.last_backup': 'about another database',
  'ops.last_restore': 'about another database',
  'identity.sessions': 'a session that ended since must not come back, so everybody signs in again',
  'identity.refresh_tokens': 'of sessions',
  'identity.password_resets': 'a token that was used since must not work again',
  'identity.access_changes': 'positions up to which the read models must come, and a restore builds them to the end',
};

/** The tables of our own event store. */
export const logTables = ['eventstore.events', 'eventstore.stream_rules', 'eventstore.users'] as const;
