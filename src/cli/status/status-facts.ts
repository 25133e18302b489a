/** A process of the product, as its last sign of life says. Instants are in ISO 8601. */
export type ProcessFacts = {
  readonly roles: readonly string[];
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
  readonly seenAt: string;
  /** True without a sign of life in the last minute: the process was killed, or cannot reach Postgres. */
  readonly isSilent: boolean;
  readonly status: string;
  readonly faults: readonly { readonly part: string; readonly reason: string; readonly since: string }[];
};

/** The files of db/ of this program, compared with those that a database has had. */
export type MigrationFacts = {
  readonly applied: number;
  readonly pending: readonly string[];
  /** Applied by a newer release. */
  readonly unknown: readonly string[];
  /** Applied, and edited since. */
  readonly edited: readonly string[];
};

/** The read models. `rebuiltAt`: when the last build began to serve. `release`: of the program that built them. */
export type ReadModelFacts = {
  readonly version: number;
  readonly release: number;
  readonly isOfThisRelease: boolean;
  readonly isLevel: boolean;
  readonly madeAt: string;
  readonly rebuiltAt: string | null;
  readonly building: boolean;
  readonly parked: readonly string[];
  readonly parkedCount: number;
};

/**
 * Events that the read models do not contain. `seconds`: since the oldest was recorded. `isAtLeast`: there may be more
 * events, because the count ended at 10,000 events or after five seconds.
 */
export type LagFacts = { readonly events: number; readonly seconds: number; readonly isAtLeast: boolean };

/** The last result of `ledger verify`, in full. */
export type VerificationFacts = {
  readonly at: string;
  readonly version: string;
  readonly isIntact: boolean;
  readonly events: number;
  readonly damaged: number;
};

/** The last `ledger backup`. `hasLog`: whether the log is in it. `ageSeconds`: since its end, by the clock of this machine. */
export type BackupFacts = {
  readonly at: string;
  readonly ageSeconds: number;
  readonly version: string;
  readonly hasLog: boolean;
};

/**
 * Who is let in by the event store. `tls` false: everybody who reaches it. `login`: that of the product. `users`: the
 * others, or null when the server does not tell. `certificateEndsAt`: ISO 8601; null when it is not ours.
 */
export type StoreAccessFacts = {
  readonly tls: boolean;
  readonly login: string | null;
  readonly users: readonly { readonly name: string; readonly mayAppend: boolean }[] | null;
  readonly certificateEndsAt: string | null;
};

/** What `ledger status` knows of a ledger that answers. */
export type StatusFacts = {
  readonly mode: 'embedded' | 'servers';
  readonly product: { readonly version: string; readonly release: number };
  readonly postgres: { readonly version: string; readonly migrations: MigrationFacts };
  /** `answers` is false when the log could not be read. */
  readonly eventStore: {
    readonly version: string | null;
    readonly answers: boolean;
    readonly access: StoreAccessFacts;
  };
  readonly processes: readonly ProcessFacts[];
  readonly readModels: ReadModelFacts | null;
  /**
   * Null: unknown. The event store does not answer or sent no event in five seconds, or the read models are those of
   * another release.
   */
  readonly lag: LagFacts | null;
  readonly lastVerification: VerificationFacts | null;
  readonly lastBackup: BackupFacts | null;
  /** Free bytes on the disk of the data directory of embedded servers. Null with other servers. */
  readonly freeBytes: number | null;
};
