import type { PoolClient } from 'pg';

/** A membership. `invitationId` null: the founder. */
export type LabelledMember = {
  readonly organizationId: string;
  readonly userId: string;
  readonly invitationId: string | null;
};

/** Stores what an organization calls a member, or removes it with null. As the organization. */
export const storeMemberLabel = async (
  db: PoolClient,
  { organizationId, userId, invitationId }: LabelledMember,
  label: string | null,
): Promise<void> => {
  if (label === null) return removeMemberLabel(db, organizationId, userId);
  await db.query({
    name: 'store-member-label',
    text: `insert into identity.member_labels (issuer_org_id, user_id, invitation_id, label) values ($1, $2, $3, $4)
      on conflict (issuer_org_id, user_id) do update
        set invitation_id = excluded.invitation_id, label = excluded.label`,
    values: [organizationId, userId, invitationId ?? '', label],
  });
};

/** Removes what an organization calls a member. As the organization. */
export const removeMemberLabel = async (db: PoolClient, organizationId: string, userId: string): Promise<void> => {
  await db.query({
    name: 'remove-member-label',
    text: 'delete from identity.member_labels where issuer_org_id = $1 and user_id = $2',
    values: [organizationId, userId],
  });
};

/** Returns what an organization calls a member. Returns null when the membership has no label. As the organization. */
export const memberLabel = async (
  db: PoolClient,
  { organizationId, userId, invitationId }: LabelledMember,
): Promise<string | null> => {
  const { rows } = await db.query<{ label: string }>({
    name: 'member-label',
    text: `select label from identity.member_labels
      where issuer_org_id = $1 and user_id = $2 and invitation_id = $3`,
    values: [organizationId, userId, invitationId ?? ''],
  });
  return rows[0]?.label ?? null;
};
