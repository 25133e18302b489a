import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { EventEntry, EventList } from '../../parts/event-entry.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Part } from '../../parts/part.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { useSession } from '../../session/session-context.tsx';
import { texts as allTexts } from '../../texts/catalogue.ts';
import { customerTexts } from '../../texts/customer-texts.ts';
import type { License } from '../../types.ts';
import classes from './customers.module.css';
import { mergedHistory } from './customers.ts';

const texts = customerTexts.customer;
const licensesMax = 20;
const eventsFirst = 20;
const eventsMax = 100;

/** The newest events of the licenses of a customer, in one order. */
export const CustomerHistory = ({ licenses }: { readonly licenses: readonly License[] }) => {
  const organizationId = useOrganizationId();
  const ids = licenses.slice(0, licensesMax).map(({ id }) => id);
  const keys = new Map(licenses.map(({ id, keyHint }) => [id, keyHint ?? id]));
  const [limit, setLimit] = useState(eventsFirst);
  const history = useHistories(ids, limit);
  return (
    <Part title={texts.history}>
      {licenses.length > ids.length && <p className={classes.soft}>{texts.ofFirst(ids.length)}</p>}
      {history.isPending && <Loading />}
      {history.isError && <Failure error={history.error} onRetry={history.refetch} />}
      <EventList>
        {history.data?.entries.map((entry) => (
          <EventEntry key={entry.id} event={entry} json={entry.json} isOwn when={<Moment at={entry.recordedAt} />}>
            <p>
              <Link
                className={classes.id}
                to="/$organizationId/licenses/$licenseId"
                params={{ organizationId, licenseId: entry.licenseId }}
                search={{ at: entry.recordedAt }}
                title={allTexts.time.show}
              >
                {keys.get(entry.licenseId)}
              </Link>
            </p>
          </EventEntry>
        ))}
      </EventList>
      {history.data?.hasMore === true && limit < eventsMax && (
        <div>
          <Button busy={history.isFetching} onClick={() => setLimit(Math.min(limit * 2, eventsMax))}>
            {allTexts.time.more}
          </Button>
        </div>
      )}
      {history.data?.hasMore === true && limit === eventsMax && <p className={classes.soft}>{texts.olderEvents}</p>}
    </Part>
  );
};

const useHistories = (ids: readonly string[], limit: number) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  return useQuery({
    queryKey: [organizationId, 'histories', ids, limit],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const histories = await Promise.all(
        ids.map(async (licenseId) => {
          const input = { params: { licenseId }, query: { order: 'desc' as const, limit } };
          const { data } = await session.call(organizationId, 'licenseHistory', input, { signal });
          return { licenseId, events: data.data, hasMore: data.hasMore };
        }),
      );
      return mergedHistory(histories);
    },
  });
};
