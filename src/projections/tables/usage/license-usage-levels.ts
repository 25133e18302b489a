import type { LicenseFacts } from '../../../domain/license/license.ts';
import { recordedStatus } from '../../../domain/license/recorded-status.ts';
import { type LeveledUsage, leveledUsages, usageLevel } from '../../../domain/license/usage/usage-levels.ts';
import { make, type Write } from '../../fold/changes.ts';
import { columnsFor, rowMaker, typesOf } from '../columns.ts';
import type { Table } from '../rows.ts';

/** What the row of a usage of a license is made of. */
type Leveled = { readonly facts: LicenseFacts; readonly usage: LeveledUsage };

const ifLeveled = (read: (leveled: Leveled) => string | null) => (leveled: Leveled) =>
  usageLevel(leveled.facts, leveled.usage) === null ? null : read(leveled);

const column = columnsFor<Leveled>();
const columns = {
  issuer_org_id: column('text', ({ facts }) => facts.issuerOrgId),
  // Null between the levels, as the columns below: nothing writes these rows when they change.
  holder_org_id: column(
    'text',
    ifLeveled(({ facts }) => facts.holderOrgId),
  ),
  license_id: column('text', ({ facts }) => facts.licenseId),
  usage: column('text', ({ usage }) => usage),
  level: column('text', ({ facts, usage }) => usageLevel(facts, usage)),
  created_at: column('timestamptz', ({ facts }) => facts.createdAt),
  tier: column(
    'text',
    ifLeveled(({ facts }) => facts.policy.tier),
  ),
  recorded_status: column(
    'text',
    ifLeveled(({ facts }) => recordedStatus(facts).status),
  ),
};

/** `rm.license_usage_levels`: usages that were at a level (db/read-models/012-license-usage-levels.sql). */
export const licenseUsageLevels = {
  name: 'license_usage_levels',
  key: ['issuer_org_id', 'license_id', 'usage'],
  columns: typesOf(columns),
} satisfies Table;

const levelRow = rowMaker(columns);

/** Returns what an event does to the levels of a license. `before` null: the event issues the license. */
export const levelWrites = (before: LicenseFacts | null, after: LicenseFacts): readonly Write[] =>
  leveledUsages.flatMap((usage) => {
    const [was, is] = [before === null ? null : usageLevel(before, usage), usageLevel(after, usage)];
    if (was === null && is === null) return [];
    const isSame = was === is && before !== null && isSameForLevels(before, after);
    return isSame ? [] : [make(licenseUsageLevels, levelRow({ facts: after, usage }))];
  });

const isSameForLevels = (before: LicenseFacts, after: LicenseFacts): boolean =>
  before.holderOrgId === after.holderOrgId &&
  before.policy.tier === after.policy.tier &&
  recordedStatus(before).status === recordedStatus(after).status;
