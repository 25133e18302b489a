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

/** An organization as the API shows it. `closedAt` null: open. */
export const organizationShape = z.strictObject(profile).meta({ id: 'Organization' });

/** An organization as one of its members sees it among others. */
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

/** An organization as answered. */
export const organizationBody = (organization: Profile): z.output<typeof organizationShape> => {
  const { organizationId: id, name, timeZone, createdAt, closedAt } = organization;
  return { id, name, timeZone, createdAt, closedAt };
};

/** An organization of a user as answered. */
export const membershipBody = (organization: OrganizationOfUser): z.output<typeof membershipShape> => ({
  ...organizationBody(organization),
  role: organization.role,
  joinedAt: organization.joinedAt,
});
