import { type AnswerOf, LedgerProblem } from '@license-ledger/client';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useCommand, useOrganizationId, useRead } from '../../session/ledger.ts';
import { useSession } from '../../session/session-context.tsx';
import { peopleTexts } from '../../texts/people-texts.ts';
import classes from './people.module.css';
import { browserIn } from './user-agents.ts';

const texts = peopleTexts.sessions;

type OwnSession = AnswerOf<'listSessions'>['data'][number];

/** The sessions of the user, and what ends them. */
export const SessionsPart = () => {
  const sessions = useRead('listSessions', {});
  const [isLeaving, setLeaving] = useState(false);
  const data = sessions.data?.data ?? [];
  return (
    <Part title={texts.title}>
      {sessions.isPending && <Loading />}
      {sessions.isError && <Failure error={sessions.error} onRetry={sessions.refetch} />}
      {data.length > 0 && (
        <PartTable isStacked caption={texts.caption} columns={[...Object.values(texts.columns), peopleTexts.action]}>
          {data.map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </PartTable>
      )}
      <div>
        <Button kind="danger" onClick={() => setLeaving(true)}>
          {texts.everywhere}
        </Button>
      </div>
      {isLeaving && <SignOutEverywhere onClose={() => setLeaving(false)} />}
    </Part>
  );
};

const SessionRow = ({
  session: { id, isCurrent, userAgent, lastUsedAt, createdAt },
}: {
  readonly session: OwnSession;
}) => {
  const end = useCommand('endSession');
  const where = browserIn(userAgent) ?? texts.unknown;
  return (
    <tr>
      <th scope="row" title={userAgent ?? undefined}>
        {where}
      </th>
      <td data-label={texts.columns.used}>
        <Moment at={lastUsedAt} withAge />
      </td>
      <td data-label={texts.columns.began}>
        <Moment at={createdAt} />
      </td>
      <td>
        {isCurrent ? (
          <span className={classes.soft}>{texts.current}</span>
        ) : (
          <Button
            kind="quiet"
            busy={end.isPending}
            aria-label={peopleTexts.of(texts.end, where)}
            onClick={() => end.mutate({ params: { sessionId: id } })}
          >
            {texts.end}
          </Button>
        )}
        {end.isError && <Failure error={end.error} />}
      </td>
    </tr>
  );
};

/** A session may end by itself after it was listed. */
const ignoreEnded = (error: unknown): void => {
  if (!(error instanceof LedgerProblem && error.code === 'NOT_FOUND')) throw error;
};

const SignOutEverywhere = ({ onClose }: { readonly onClose: () => void }) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const leave = useMutation({
    mutationFn: async () => {
      // Read again, so that a session that began a moment ago ends too.
      const { data } = (await session.call(organizationId, 'listSessions', {})).data;
      for (const { id, isCurrent } of data)
        if (!isCurrent)
          await session.call(organizationId, 'endSession', { params: { sessionId: id } }).catch(ignoreEnded);
      await session.signOut();
    },
  });
  return (
    <CommandDialog
      title={texts.everywhereTitle}
      confirm={texts.everywhere}
      isDangerous
      command={leave}
      inputOf={() => undefined}
      onClose={onClose}
    >
      <p>{texts.everywhereText}</p>
    </CommandDialog>
  );
};
