import { type Problem, problem } from '../problems.ts';
import type { OrganizationCall } from '../route.ts';

/** Whether the caller is a member in the role BILLING, who may do little and that for payments only. */
export const isBilling = ({ caller }: OrganizationCall): boolean => caller.kind === 'user' && caller.role === 'BILLING';

/** Refuses the role BILLING whatever is not about a payment. */
export const refuseOtherThanPayment = (call: OrganizationCall, reasonCode: string): Problem | null =>
  isBilling(call) && reasonCode !== 'PAYMENT' ? paymentOnly : null;

/** What the role BILLING is refused with. */
export const paymentOnly = problem('FORBIDDEN', 'The role BILLING suspends and reinstates for PAYMENT only.');
