import type { AnswerOf, InputOf, OperationId } from '@license-ledger/client';
import { keepPreviousData, type UseQueryResult, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { sendOnce } from './send-once.ts';
import { useSession } from './session-context.tsx';

/** Returns the organization in the address of the page. */
export const useOrganizationId = (): string => {
  const { organizationId } = useParams({ strict: false });
  if (organizationId === undefined) throw new Error('The address has no organization.');
  return organizationId;
};

/** Settings of a read. `keep`: the previous answer stays visible while the next one comes. */
export type ReadOptions = { readonly enabled?: boolean; readonly keep?: boolean };

/** Reads an operation for the organization of the page, and keeps the answer for other parts that read the same. */
export const useRead = <Id extends OperationId>(
  id: Id,
  input: InputOf<Id>,
  options: ReadOptions = {},
): UseQueryResult<AnswerOf<Id>> => {
  const session = useSession();
  const organizationId = useOrganizationId();
  return useQuery({
    queryKey: [organizationId, id, input],
    queryFn: async ({ signal }) => (await session.call(organizationId, id, input, { signal })).data,
    enabled: options.enabled ?? true,
    ...(options.keep === true ? { placeholderData: keepPreviousData } : {}),
  });
};

/**
 * Sends a command for the organization of the page. When no answer comes and the user sends the same again, also from
 * another dialog, it is carried out once. Afterwards all reads of the organization are read again, so that the page shows
 * the new state. The answer of a command comes after its projection.
 */
export const useCommand = <Id extends OperationId>(id: Id) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  return useMutation<AnswerOf<Id>, Error, InputOf<Id>>({
    mutationFn: (input) =>
      sendOnce(session.unanswered, JSON.stringify([organizationId, id, input]), async (idempotencyKey) => {
        const { data } = await session.call(organizationId, id, input, { idempotencyKey });
        return data;
      }),
    // Nobody waits for it: the command is done.
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: [organizationId] });
    },
  });
};
