import type { AnswerOf, InputOf, OperationId } from '@license-ledger/client';
import { keepPreviousData, type UseQueryResult, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { sendOnce } from './send-once.ts';
import { ChangedMeanwhile, sendUnchanged } from './send-unchanged.ts';
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
  const send = useSend();
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  return useMutation<AnswerOf<Id>, Error, InputOf<Id>>({
    mutationFn: (input) => send(id, input),
    // Nobody waits for it: the command is done.
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: [organizationId] });
    },
  });
};

/**
 * Sends a command as `useCommand` does, unless the state that `read` returns is no longer what the form began with. Then it
 * throws ChangedMeanwhile.
 */
export const useUnchangedCommand = <Id extends OperationId, ReadId extends OperationId>(
  id: Id,
  { read, input: readInput, isSame }: UnchangedState<ReadId>,
) => {
  const session = useSession();
  const send = useSend();
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  return useMutation<AnswerOf<Id>, Error, InputOf<Id>>({
    mutationFn: async (input) => {
      const sent = await sendUnchanged({
        read: () => session.call(organizationId, read, readInput),
        isSame,
        send: (ifMatch) => send(id, input, ifMatch),
      });
      if ('answer' in sent) return sent.answer;
      throw new ChangedMeanwhile();
    },
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: [organizationId] });
    },
  });
};

/** What a form began with: how to read it, and whether it is still the same. */
type UnchangedState<Id extends OperationId> = {
  readonly read: Id;
  readonly input: InputOf<Id>;
  readonly isSame: (state: AnswerOf<Id>) => boolean;
};

/**
 * Returns what sends a command as `useCommand` does, without reading anything again. With `ifMatch`, an ETag, the server
 * refuses it with REVISION_MISMATCH after another change.
 */
export const useSend = () => {
  const session = useSession();
  const organizationId = useOrganizationId();
  return <Id extends OperationId>(id: Id, input: InputOf<Id>, ifMatch?: string): Promise<AnswerOf<Id>> =>
    sendOnce(session.unanswered, JSON.stringify([organizationId, id, input, ifMatch]), async (idempotencyKey) => {
      const options = ifMatch === undefined ? { idempotencyKey } : { idempotencyKey, ifMatch };
      return (await session.call(organizationId, id, input, options)).data;
    });
};
