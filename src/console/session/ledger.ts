import { type AnswerOf, type InputOf, LedgerProblem, type OperationId } from '@license-ledger/client';
import { keepPreviousData, type UseQueryResult, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useRef } from 'react';
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
 * Sends a command for the organization of the page. When no answer comes and the user sends the same again, it is carried
 * out once. Afterwards all reads of the organization are read again, so that the page shows the new state. The answer of a
 * command comes after its projection.
 */
export const useCommand = <Id extends OperationId>(id: Id) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  const unanswered = useRef<{ readonly text: string; readonly key: string } | null>(null);
  return useMutation<AnswerOf<Id>, Error, InputOf<Id>>({
    mutationFn: async (input) => {
      const text = JSON.stringify(input);
      const earlier = unanswered.current?.text === text ? unanswered.current : null;
      const { key } = earlier ?? { key: crypto.randomUUID() };
      unanswered.current = { text, key };
      try {
        const { data } = await session.call(organizationId, id, input, { idempotencyKey: key });
        unanswered.current = null;
        return data;
      } catch (error) {
        // A refusal is an answer.
        if (error instanceof LedgerProblem && error.status < 500) unanswered.current = null;
        throw error;
      }
    },
    // Nobody waits for it: the command is done.
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: [organizationId] });
    },
  });
};
