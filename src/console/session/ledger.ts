import type { AnswerOf, InputOf, OperationId } from '@license-ledger/client';
import { keepPreviousData, type UseQueryResult, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type OnceCommand, sendOnce } from './send-once.ts';
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
  const session = useSession();
  const sending = useSending();
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  return useMutation<AnswerOf<Id>, Error, InputOf<Id>>({
    mutationFn: (input) => sendOnce(session.unanswered, sending(id, input)),
    // Nobody waits for it: the command is done.
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: [organizationId] });
    },
  });
};

/**
 * Sends a command as `useCommand` does, unless the state that the form began with has changed. Then it throws
 * ChangedMeanwhile.
 */
export const useUnchangedCommand = <Id extends OperationId, ReadId extends OperationId, State>(
  id: Id,
  seen: Seen<Id, ReadId, State>,
) => {
  const sendUnchangedCommand = useSendUnchanged(id, seen);
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  return useMutation<AnswerOf<Id>, Error, InputOf<Id>>({
    mutationFn: async (input) => {
      const sent = await sendUnchangedCommand(input);
      if ('answer' in sent) return sent.answer;
      throw new ChangedMeanwhile();
    },
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: [organizationId] });
    },
  });
};

/**
 * What a form began with: how to read it, the state, and the part of it that a command replaces. A change of another part
 * refuses nothing.
 */
type Seen<Id extends OperationId, ReadId extends OperationId, State> = {
  readonly read: ReadId;
  readonly input: InputOf<ReadId>;
  readonly state: State;
  readonly partOf: (state: State | AnswerOf<ReadId>, input: InputOf<Id>) => unknown;
};

/**
 * Returns what sends a command without reading anything again. It returns the answer, or the latest state when the user
 * has not seen it. Then it has sent nothing.
 */
export const useSendUnchanged = <Id extends OperationId, ReadId extends OperationId, State>(
  id: Id,
  { read, input: readInput, state, partOf }: Seen<Id, ReadId, State>,
) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const sending = useSending();
  return (input: InputOf<Id>) => {
    const part = JSON.stringify(partOf(state, input));
    // The same command on another state is another one.
    return sendUnchanged(session.unanswered, sending(id, input, part), {
      read: () => session.call(organizationId, read, readInput),
      isSame: (latest) => JSON.stringify(partOf(latest, input)) === part,
    });
  };
};

/** Returns what names a command of the organization of the page, and sends it. `on`: the state that it changes. */
const useSending = () => {
  const session = useSession();
  const organizationId = useOrganizationId();
  return <Id extends OperationId>(id: Id, input: InputOf<Id>, on?: string): OnceCommand<AnswerOf<Id>> => ({
    command: JSON.stringify([organizationId, id, input, on]),
    send: async (attempt) => (await session.call(organizationId, id, input, attempt)).data,
  });
};
