import { z } from 'zod';
import type { LogAccess } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import type { OrganizationOfUser } from '../../projections/queries/organizations-of-user.ts';
import { memberRole, organizationId } from '../auth/shapes.ts';
import { instantOut } from '../schemas.ts';

const profile = {
  id: organizationId,
  name: z.string().meta({ example: 'Example Software' }),
  timeZone: z.string().meta({ example: 'Europe/Berlin' }),
  createdAt: instantOut,
  closedAt: instantOut.nullable(),
};

/** Who else reads the log of an organization, as the API shows and takes it. */
export const logAccess = {
  logIsPublic: z.boolean().meta({
    description: 'Everybody reads the checkpoints, tiles and leaves of the log. They have no content of events.',
    example: false,
  }),
  holdersGetProofs: z.boolean().meta({
    description: 'Holders get proofs of the events that they see. A proof tells how many events you have recorded.',
    example: false,
  }),
};

/** An organization as the API shows it. While it is open, `closedAt` is null. */
export const organizationShape = z.strictObject({ ...profile, ...logAccess }).meta({ id: 'Organization' });

/** An organization in the list of a member's organizations. */
export const membershipShape = z
  .strictObject({ ...profile, role: memberRole, joinedAt: instantOut })
  .meta({ id: 'OrganizationMembership' });

type Profile = {
  readonly organizationId: string;
  readonly name: string;
  readonly timeZone: string;
  readonly createdAt: Instant;
  readonly closedAt: Instant | null;
};

/** Returns an organization as the API shows it. */
export const organizationBody = (organization: Profile & LogAccess): z.output<typeof organizationShape> => {
  const { logIsPublic, holdersGetProofs } = organization;
  return { ...profileBody(organization), logIsPublic, holdersGetProofs };
};

const profileBody = ({ organizationId: id, name, timeZone, createdAt, closedAt }: Profile) => ({
  ...{ id, name, timeZone, createdAt, closedAt },
});

/** Returns an organization of a user as the API shows it. */
export const membershipBody = (organization: OrganizationOfUser): z.output<typeof membershipShape> => ({
  ...profileBody(organization),
  role: organization.role,
  joinedAt: organization.joinedAt,
});
