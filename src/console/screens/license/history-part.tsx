import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button } from '../../parts/button.tsx';
import { EventEntry, EventList } from '../../parts/event-entry.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Part } from '../../parts/part.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { useSession } from '../../session/session-context.tsx';
import { texts } from '../../texts/catalogue.ts';
import type { LicenseEvent } from '../../types.ts';
import { useHashTarget } from './use-hash-target.ts';

const pageSize = 50;

/** The events of a license, the newest first, each as a sentence. `at`: the instant that the page shows; null: now. */
export const HistoryPart = ({ licenseId, at }: { readonly licenseId: string; readonly at: string | null }) => {
  const pages = useHistory(licenseId);
  const names = texts.time;
  useHashTarget(pages.isSuccess);
  const events = pages.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <Part title={names.history}>
      {pages.isPending && <Loading />}
      {pages.isError && <Failure error={pages.error} onRetry={pages.refetch} />}
      {pages.isSuccess && events.length === 0 && <p>{names.none}</p>}
      <EventList>
        {events.map((event) => (
          <Entry key={event.id} licenseId={licenseId} event={event} isLater={isLaterThan(event, at)} />
        ))}
      </EventList>
      {pages.hasNextPage && (
        <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {names.more}
        </Button>
      )}
    </Part>
  );
};

// An event counts from when it was recorded or took effect, by what came first.
const isLaterThan = ({ recordedAt, effectiveAt }: LicenseEvent, at: string | null): boolean =>
  at !== null && recordedAt > at && effectiveAt > at;

const useHistory = (licenseId: string) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  return useInfiniteQuery({
    queryKey: [organizationId, 'licenseHistory', 'all', licenseId],
    queryFn: async ({ pageParam, signal }) => {
      const query = { order: 'desc' as const, limit: pageSize, ...(pageParam === null ? {} : { cursor: pageParam }) };
      return (await session.call(organizationId, 'licenseHistory', { params: { licenseId }, query }, { signal })).data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ hasMore, nextCursor }) => (hasMore ? nextCursor : null),
  });
};

const Entry = ({
  licenseId,
  event,
  isLater,
}: {
  readonly licenseId: string;
  readonly event: LicenseEvent;
  readonly isLater: boolean;
}) => {
  const organizationId = useOrganizationId();
  const { recordedAt } = event;
  return (
    <EventEntry
      event={event}
      isLater={isLater}
      when={
        <Link
          to="/$organizationId/licenses/$licenseId"
          params={{ organizationId, licenseId }}
          search={{ at: recordedAt }}
          title={texts.time.show}
          resetScroll={false}
        >
          <Moment at={recordedAt} />
        </Link>
      }
    />
  );
};
