import { z } from 'zod';
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

/** An organization as the API shows it. While it is open, `closedAt` is null. */
export const organizationShape = z.strictObject(profile).meta({ id: 'Organization' });

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
export const organizationBody = (organization: Profile): z.output<typeof organizationShape> => {
  const { organizationId: id, name, timeZone, createdAt, closedAt } = organization;
  return { id, name, timeZone, createdAt, closedAt };
};

/** Returns an organization of a user as the API shows it. */
export const membershipBody = (organization: OrganizationOfUser): z.output<typeof membershipShape> => ({
  ...organizationBody(organization),
  role: organization.role,
  joinedAt: organization.joinedAt,
});
