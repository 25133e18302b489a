import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Pool } from 'pg';
import { asTenant } from '../../postgres/tenant.ts';
import { readPackPart } from '../../records/audit-packs.ts';
import type { Streamed } from '../route.ts';

/** A file to send. `size`: in bytes. The signal ends the sending. */
type PackFile = {
  readonly organizationId: string;
  readonly packId: string;
  readonly size: number;
  readonly signal: AbortSignal;
};

/**
 * Returns an answer with the file of a pack, which reads one part after the other. The answer ends early when the pack is
 * removed meanwhile, or when the reader takes nothing for a minute: it names its length, so the client notices.
 */
export const streamPack = (pool: Pool, { organizationId, packId, size, signal }: PackFile): Streamed => ({
  type: 'application/zip',
  headers: {
    'Content-Length': String(size),
    'Content-Disposition': `attachment; filename="${packId}.zip"`,
    'Cache-Control': 'private, no-store',
  },
  stream: async (response) => {
    for (let at = 0; at < size && !response.writableEnded; ) {
      const part = await asTenant(pool, organizationId, (db) => readPackPart(db, organizationId, { packId, at }));
      if (part === null) throw new Error(`The pack ${packId} has no part at ${at} of ${size} bytes.`);
      await write(response, part, signal);
      at += part.length;
    }
  },
  close: () => {},
});

const write = async (response: ServerResponse, bytes: Uint8Array, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted();
  if (!response.write(bytes))
    await once(response, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]) });
};

const patienceMs = 60_000;
