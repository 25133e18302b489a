import { z } from 'zod';
import { organizationId } from '../auth/shapes.ts';
import { type Problem, problem } from '../problems/problems.ts';
import type { OrganizationCall } from '../route.ts';

/** The path of an operation on the caller's organization. */
export const organizationPath = z.strictObject({ organizationId });

/** What any other organization than the caller's is answered with, whether there is one or not: the same to the byte. */
export const refuseOther = ({ caller }: OrganizationCall, wanted: string): Problem | null =>
  wanted === caller.organizationId ? null : problem('ORGANIZATION_NOT_FOUND', 'There is no such organization.');
