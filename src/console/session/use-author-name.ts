import { LedgerProblem } from '@license-ledger/client';
import { useQuery } from '@tanstack/react-query';
import { idPattern } from '../../domain/ids.ts';
import { useOrganizationId } from './ledger.ts';
import { useMay } from './may.ts';
import { memberName } from './member-name.ts';
import type { Session } from './session.ts';
import { useSession, useSessionState } from './session-context.tsx';

const staleMs = 5 * 60_000;
const userId = idPattern('usr');
const apiKeyId = idPattern('key');

/** Returns the id of the signed-in user. */
export const useUserId = (): string | null => {
  const state = useSessionState();
  return 'user' in state ? state.user.id : null;
};

/**
 * Returns the name of a member or an API key of the organization of the page, by the id that events have as their author.
 * Returns null until it is known, for others, and where the role of the user may not see it. Then nothing is asked.
 */
export const useAuthorName = (id: string): string | null => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const may = useMay();
  const isEnabled = (userId.test(id) && may('readMembers')) || (apiKeyId.test(id) && may('readApiKeys'));
  const { data } = useQuery({
    queryKey: [organizationId, 'author', id],
    queryFn: () => readName(session, organizationId, id),
    enabled: isEnabled,
    staleTime: staleMs,
  });
  return data ?? null;
};

/** Returns null for a user who is no longer a member, and for the user or the key of another organization. */
const readName = async (session: Session, organizationId: string, id: string): Promise<string | null> => {
  try {
    if (apiKeyId.test(id))
      return (await session.call(organizationId, 'getApiKey', { params: { apiKeyId: id } })).data.name;
    return memberName(
      (await session.call(organizationId, 'getMember', { params: { organizationId, userId: id } })).data,
    );
  } catch (error) {
    if (error instanceof LedgerProblem && error.code === 'NOT_FOUND') return null;
    throw error;
  }
};
