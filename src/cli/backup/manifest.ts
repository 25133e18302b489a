import { createHash } from 'node:crypto';
import { z } from 'zod';

/** The version of the directory of a backup. A reader refuses a higher one. */
export const backupFormat = 1;

/** An event of the log, which tells logs apart. `revision` and `position` are decimal numbers. */
const logEvent = z.object({ stream: z.string(), revision: z.string(), id: z.string(), position: z.string() });

const migration = z.object({ file: z.string(), sha256: z.string() });

const part = z.object({
  /** The table with its schema, such as `identity.users`. The file of the part is named after it. */
  table: z.string(),
  columns: z.array(z.string()).min(1),
  rows: z.number().int().nonnegative(),
  /** The size of the compressed file. */
  bytes: z.number().int().nonnegative(),
  /** Of the compressed file, in hexadecimal. */
  sha256: z.string(),
});

const manifest = z.object({
  format: z.number().int(),
  backupId: z.uuid(),
  /** The version of the product that made it. */
  version: z.string(),
  /** ISO 8601, UTC, by the clock of the machine that made it. */
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  log: z.object({
    /** Null: the first log, before any move. */
    id: z.string().nullable(),
    first: logEvent,
    /** The last event of ours. Everything in Postgres is at least as new. */
    last: logEvent,
    /** Whether the log is in the backup, and the files of db/eventstore that its tables are of. */
    included: z.boolean(),
    schema: z.array(migration),
  }),
  /** The files of db/ that the database has had. */
  migrations: z.array(migration).min(1),
  /** The secrets that the database needs, by their id. `check`: in base64. Neither reveals the secret. */
  secrets: z.array(z.object({ id: z.string(), check: z.string() })),
  parts: z.array(part).min(1),
});

/** What a backup contains. The last file that a backup writes, so a directory without it is not a backup. */
export type Manifest = z.infer<typeof manifest>;
export type BackupPart = z.infer<typeof part>;
export type LogEvent = z.infer<typeof logEvent>;

/** The name of its file. */
export const manifestFile = 'manifest.json';

/** Returns the name of the file of a table. */
export const fileOfTable = (table: string): string => `${table}.copy.gz`;

/** Returns the digest of a manifest: SHA-256, in hexadecimal. */
export const digestOf = (content: Manifest): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('hex');

/** Returns the text of the file: the manifest and its digest. */
export const manifestText = (content: Manifest): string =>
  `${JSON.stringify({ manifest: content, sha256: digestOf(content) }, null, 2)}\n`;

/** The file was changed or cut off, or is of a newer release. */
export class UnreadableManifest extends Error {
  override readonly name = 'UnreadableManifest';
  readonly isNewer: boolean;
  constructor(message: string, isNewer = false) {
    super(message);
    this.isNewer = isNewer;
  }
}

/** Reads the text of a manifest. Throws UnreadableManifest for one that was changed, cut off, or has a higher format. */
export const parseManifest = (text: string): Manifest => {
  const file = z.object({ manifest: z.unknown(), sha256: z.string() }).safeParse(jsonOrNull(text));
  if (!file.success) throw new UnreadableManifest('It is not JSON with a manifest and its digest.');
  const { format } = z.object({ format: z.number() }).catch({ format: 0 }).parse(file.data.manifest);
  const digest = createHash('sha256').update(JSON.stringify(file.data.manifest)).digest('hex');
  if (digest !== file.data.sha256) throw new UnreadableManifest('It does not have its digest.');
  if (format > backupFormat) throw new UnreadableManifest(`It has the format ${format}.`, true);
  const content = manifest.safeParse(file.data.manifest);
  if (!content.success) throw new UnreadableManifest(z.prettifyError(content.error));
  return content.data;
};

const jsonOrNull = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
