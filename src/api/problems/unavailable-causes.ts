/** Why an answer has the status 503, by the name that the answer and the metrics show. Names are never renamed. */
export const unavailableCauses = {
  EVENT_STORE: 'The event store cannot be reached, or refused to answer. Nothing was stored.',
  EVENT_STORE_DISK: 'The disk of the event store is full. Free space on it. Reads and validations continue.',
  OUTCOME_UNKNOWN: 'The event store did not answer in time. The request may have been carried out.',
  DATABASE_CONNECTION: 'Postgres cannot be reached, or had no free connection within 5 seconds.',
  DATABASE_DISK: 'The disk of Postgres is full or fails. Free space on it, or replace it.',
  DATABASE_READ_ONLY: 'Postgres accepts no writes: it is a standby, or its provider has stopped writes.',
  DATABASE_TIMEOUT: 'Postgres stopped a statement that took too long.',
  DATABASE_LOCK: 'A statement waited too long for the lock of another request.',
  COMMANDS_WAITING: 'Too many commands wait for one license or in the process.',
  REQUESTS_WAITING: 'The process has its most requests.',
  TURN: 'The request waited 20 seconds for its turn.',
  LONG_WORK: 'A read or an import takes longer than 2 seconds.',
  CONTENTION: 'The request waited too long for others that change the same.',
  UNFINISHED: 'The change may be stored, and the rest of the request failed.',
  NOTARY: 'The notary has not signed the checkpoint in time. The role notary must run: see `ledger status`.',
  PASSWORDS: 'Too many passwords are being checked.',
  SIGNUP_POLICY: 'The policy for signups cannot be used.',
  CLOCK: 'The clock of the process differs from that of Postgres.',
  SECRETS: 'The process lacks a secret that license keys or API keys need.',
  NEWER_RELEASE: 'A newer release wrote what this process cannot read.',
  NOT_LEVEL: 'The read models of this release do not serve.',
  STARTING: 'The process does not listen for requests yet.',
  STOPPING: 'The process is stopping, and takes its last requests.',
  NOT_PROJECTED: 'The read models do not contain what the request needs.',
} as const;

/** The name of a cause. */
export type UnavailableCause = keyof typeof unavailableCauses;
