import { z } from 'zod';
import { organizationId } from '../auth/shapes.ts';
import { type Problem, problem } from '../problems/problems.ts';
import type { OrganizationCall } from '../route.ts';

/** The path of an operation on the caller's organization. */
export const organizationPath = z.strictObject({ organizationId });

/** Refuses every organization but the caller's. An existing one gets the same answer as an unknown one, to the byte. */
export const refuseOther = ({ caller }: OrganizationCall, id: string): Problem | null =>
  id === caller.organizationId ? null : problem('ORGANIZATION_NOT_FOUND', 'There is no such organization.');
