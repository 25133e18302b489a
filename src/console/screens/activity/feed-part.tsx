import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { EventEntry, EventList } from '../../parts/event-entry.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Moment } from '../../parts/moment.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { useLiveEvents } from '../../session/live-events.ts';
import { useSession } from '../../session/session-context.tsx';
import { activityTexts as texts } from '../../texts/activity-texts.ts';
import { texts as allTexts } from '../../texts/catalogue.ts';
import classes from './activity.module.css';
import type { EventGroup } from './activity-in-address.ts';
import { typesOfGroup } from './event-groups.ts';
import { entryOfCloudEvent, entryOfHistory, type FeedEntry, withNews } from './feed-entries.ts';

const pageSize = 50;
/** With more news than this the list is read again, so that a busy feed does not fill the page. */
const newsMax = 200;

/** The filters of the feed. Undefined: all. */
export type Filter = { readonly group: EventGroup | undefined; readonly license: string | undefined };

/** The events, the newest first. News appear at the top. */
export const Feed = ({ group, license }: Filter) => {
  const types = group === undefined ? undefined : typesOfGroup[group].join();
  const { pages, queryKey } = useFeed({ types, license });
  const queries = useQueryClient();
  const [news, setNews] = useState<readonly FeedEntry[]>([]);
  const readAgain = () => {
    setNews([]);
    void queries.invalidateQueries({ queryKey });
  };
  const state = useLiveEvents({
    types,
    license,
    isEnabled: true,
    onBegin: readAgain,
    onEvents: (events) => {
      const own = events.map(entryOfCloudEvent);
      if (own.length + news.length > newsMax) readAgain();
      else setNews((before) => withNews(own.toReversed(), before));
    },
  });
  const entries = withNews(news, pages.data?.pages.flatMap(({ entries: read }) => read) ?? []);
  return (
    <>
      <p role="status" className={classes.live} data-state={state}>
        {texts.live[state]}
      </p>
      {pages.isPending && <Loading />}
      {pages.isError && <Failure error={pages.error} onRetry={pages.refetch} />}
      {pages.isSuccess && entries.length === 0 && <p>{texts.none}</p>}
      <EventList>
        {entries.map((entry) => (
          <Entry key={entry.id} entry={entry} isOnly={license !== undefined} />
        ))}
      </EventList>
      {pages.hasNextPage && (
        <div>
          <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {allTexts.time.more}
          </Button>
        </div>
      )}
    </>
  );
};

/** Reads the feed, or the history of one license, backwards. */
const useFeed = ({ types, license }: { readonly types: string | undefined; readonly license: string | undefined }) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const queryKey = [organizationId, 'feed', types, license];
  const pages = useInfiniteQuery({
    queryKey,
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        order: 'desc' as const,
        limit: pageSize,
        ...(types === undefined ? {} : { types }),
        ...(pageParam === null ? {} : { cursor: pageParam }),
      };
      if (license === undefined) {
        const { data } = await session.call(organizationId, 'listEvents', { query }, { signal });
        return { entries: data.data.map(entryOfCloudEvent), next: data.hasMore ? data.nextCursor : null };
      }
      const input = { params: { licenseId: license }, query };
      const { data } = await session.call(organizationId, 'licenseHistory', input, { signal });
      const entries = data.data.map((event) => entryOfHistory(event, license));
      return { entries, next: data.hasMore ? data.nextCursor : null };
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });
  return { pages, queryKey };
};

const Entry = ({ entry, isOnly }: { readonly entry: FeedEntry; readonly isOnly: boolean }) => {
  const organizationId = useOrganizationId();
  const { licenseId, recordedAt, json } = entry;
  // The feed has events of licenses that others have issued, too.
  const isOwn = 'source' in json && json.source === `/organizations/${organizationId}`;
  return (
    <EventEntry event={entry} json={json} isOwn={isOwn} when={<Moment at={recordedAt} />}>
      <p className={classes.links}>
        <Link
          to="/$organizationId/licenses/$licenseId"
          params={{ organizationId, licenseId }}
          search={{ at: recordedAt }}
          title={allTexts.time.show}
        >
          {licenseId}
        </Link>
        {!isOnly && (
          <Link
            from="/$organizationId/activity"
            to="."
            search={(current) => ({ ...current, license: licenseId })}
            aria-label={`${texts.only}: ${licenseId}`}
            replace
          >
            {texts.only}
          </Link>
        )}
      </p>
    </EventEntry>
  );
};
