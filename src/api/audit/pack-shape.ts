import { z } from 'zod';
import { packLicensesMax } from '../../packs/pack-files.ts';
import { type AuditPack, packStates } from '../../records/audit-packs.ts';
import { listQuery } from '../licenses/reading/list-query.ts';
import { idOf, instantIn, instantOut, jsonValue } from '../schemas.ts';

/** The id of a pack. */
export const packId = idOf('pck', 'pck_01h455vb4pex5vsknk084sn02q');

const licenseIds = z.array(idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q')).min(1).max(1000);

/** The filters of GET /v1/licenses. */
const filter = listQuery.omit({ limit: true, cursor: true, sort: true });

/** The body of a request for a pack. */
export const newPack = z
  .strictObject({
    licenses: licenseIds.optional().meta({ description: 'The licenses. Absent: those of filter.' }),
    filter: filter.optional().meta({
      description: `The filters of GET /v1/licenses: the pack gets the licenses that match now, at most ${packLicensesMax} that your organization has issued.`,
    }),
    from: instantIn.meta({ description: 'The first instant with a state of each license.' }),
    to: instantIn.optional().meta({ description: 'The second one. Absent: now.' }),
    proofsOnly: z.boolean().default(false).meta({
      description:
        'True: the pack has a proof of each event, and no leaves of other licenses. It does not prove that a history is complete.',
    }),
  })
  .refine(({ licenses, filter }) => (licenses === undefined) !== (filter === undefined), {
    message: 'must have either licenses or filter',
  })
  .meta({
    id: 'NewPack',
    example: { licenses: ['lic_01h455vb4pex5vsknk084sn02q'], from: '2026-01-01T00:00:00.000Z' },
  });

/** A pack in answers. */
export const packShape = z
  .strictObject({
    packId,
    state: z.enum(packStates).meta({
      description:
        'QUEUED: it waits for a worker. RUNNING: a worker makes it. READY: it has a file. FAILED: see reason.',
    }),
    reason: z.string().nullable().meta({ description: 'Why it failed.' }),
    filter: z.record(z.string(), jsonValue).nullable().meta({
      description:
        'The filters. It is null when the request named the licenses. The values of user, metadata, externalRef, q and contains are null: they are not stored.',
    }),
    licenses: z.int().meta({ description: 'The number of licenses.' }),
    from: instantOut,
    to: instantOut,
    proofsOnly: z.boolean().meta({
      description: 'True: the pack has no leaves. It is also true of a READY pack of a log that has too many.',
    }),
    done: z.int().meta({ description: 'How many lines are written. The states of a license count as one.' }),
    total: z.int().meta({ description: 'How many there will be. 0: it waits for a checkpoint of the log.' }),
    bytes: z.int().nullable().meta({ description: 'The size of the file.' }),
    sha256: z.string().nullable().meta({ description: 'The SHA-256 of the file, 64 hex digits.' }),
    createdAt: instantOut,
    expiresAt: instantOut.nullable().meta({ description: 'When the pack is removed.' }),
  })
  .meta({ id: 'AuditPack' });

/** Returns what an answer says of a pack. */
export const packBody = (pack: AuditPack): z.output<typeof packShape> => {
  const { filter: filters, from, to } = pack.query;
  return {
    packId: pack.packId,
    state: pack.state,
    reason: pack.reason,
    // `requestPack` has written the query.
    filter: (filters ?? null) as z.output<typeof packShape>['filter'],
    licenses: pack.licenses,
    from: String(from),
    to: String(to),
    proofsOnly: !pack.hasLeaves,
    done: pack.done,
    total: pack.total,
    bytes: pack.size,
    sha256: pack.sha256,
    createdAt: pack.createdAt.toISOString(),
    expiresAt: pack.expiresAt?.toISOString() ?? null,
  };
};
