import type { LeaseName } from '../../domain/license/seats/seat-commands.ts';
import { type ClientNeeds, type ClientRequest, isByKey } from '../client-license.ts';
import { findHolder } from '../devices/known-names.ts';

/** A seat as a client names it: by its id, and by its holder to prove that it is the client's own. */
export type NamedLease = { readonly leaseId: string; readonly leaseHolder?: string | undefined };

/** Returns the name by which the stream knows a seat, and whether the client has only the key of the license. */
export const leaseNameOf = async (
  needs: ClientNeeds,
  request: ClientRequest,
  { leaseId, leaseHolder }: NamedLease,
): Promise<LeaseName & { readonly byKey: boolean }> => {
  const name = { leaseId, byKey: isByKey(request) };
  if (leaseHolder === undefined) return name;
  return { ...name, holderHash: await findHolder(needs, request.license, leaseHolder) };
};
