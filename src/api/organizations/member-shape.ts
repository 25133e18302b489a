import { z } from 'zod';
import type { UserProfile } from '../../application/organizations/list-members.ts';
import type { InvitationView } from '../../projections/tables/invitations.ts';
import type { MemberView } from '../../projections/tables/memberships.ts';
import { memberRole } from '../auth/shapes.ts';
import { idOf, instantOut } from '../schemas.ts';
import { creator } from './api-key-shape.ts';

export const userId = idOf('usr', 'usr_01h455vb4pex5vsknk084sn02q');
export const invitationId = idOf('inv', 'inv_01h455vb4pex5vsknk084sn02q');

const email = z.string().nullable().optional().meta({
  description: 'Absent for callers who may not see addresses. Null after the user was erased.',
  example: 'ann@vendor.example',
});

/** A member as the API shows it. */
export const memberShape = z
  .strictObject({
    state: z.literal('active'),
    userId,
    displayName: z.string().nullable().meta({ description: 'The name that the user chose. Only the user changes it.' }),
    label: z
      .string()
      .nullable()
      .meta({ description: 'The name that the organization gives the member.', example: 'Ann (support)' }),
    email,
    role: memberRole,
    joinedAt: instantOut,
    createdBy: creator,
  })
  .meta({ id: 'Member' });

/** An open invitation as the API shows it. */
export const invitationShape = z
  .strictObject({
    state: z.literal('invited'),
    invitationId,
    email,
    role: memberRole,
    invitedAt: instantOut,
    expiresAt: instantOut,
    createdBy: creator,
  })
  .meta({ id: 'Invitation' });

/** Returns a member as the API shows it, with the address when `showsEmail` is true. */
export const memberBody = (
  { userId: id, role, joinedAt, createdBy, label }: MemberView,
  profile: UserProfile,
  showsEmail: boolean,
): z.output<typeof memberShape> => ({
  state: 'active',
  userId: id,
  displayName: profile?.displayName ?? null,
  label,
  role,
  joinedAt,
  createdBy,
  ...(showsEmail ? { email: profile?.email ?? null } : {}),
});

/** Returns an invitation as the API shows it, with the address when `showsEmail` is true. */
export const invitationBody = (
  { invitationId: id, email: address, role, invitedAt, expiresAt, invitedBy }: InvitationView,
  showsEmail: boolean,
): z.output<typeof invitationShape> => ({
  state: 'invited',
  invitationId: id,
  role,
  invitedAt,
  expiresAt,
  createdBy: invitedBy,
  ...(showsEmail ? { email: address } : {}),
});
