import { Link } from '@tanstack/react-router';
import { EventEntry, EventList } from '../../parts/event-entry.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part } from '../../parts/part.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { usePages } from '../../session/paged-list.ts';
import { texts } from '../../texts/catalogue.ts';
import type { License, LicenseEvent } from '../../types.ts';
import { useHashTarget } from './use-hash-target.ts';

/** The events of a license, the newest first, each as a sentence. `at`: the instant that the page shows; null: now. */
export const HistoryPart = ({ license, at }: { readonly license: License; readonly at: string | null }) => {
  const { id: licenseId } = license;
  const isOwn = license.issuerOrganizationId === useOrganizationId();
  const pages = usePages('licenseHistory', { params: { licenseId }, query: { order: 'desc' } });
  const names = texts.time;
  useHashTarget(pages, 'evt_', ({ id }) => id);
  return (
    <Part title={names.history}>
      <Paged pages={pages} empty={names.none} more={names.more}>
        {(events) => (
          <EventList>
            {events.map((event) => (
              <Entry
                key={event.id}
                licenseId={licenseId}
                event={event}
                isLater={isLaterThan(event, at)}
                isOwn={isOwn}
              />
            ))}
          </EventList>
        )}
      </Paged>
    </Part>
  );
};

// An event counts from when it was recorded or took effect, by what came first.
const isLaterThan = ({ recordedAt, effectiveAt }: LicenseEvent, at: string | null): boolean =>
  at !== null && recordedAt > at && effectiveAt > at;

const Entry = ({
  licenseId,
  event,
  isLater,
  isOwn,
}: {
  readonly licenseId: string;
  readonly event: LicenseEvent;
  readonly isLater: boolean;
  readonly isOwn: boolean;
}) => {
  const organizationId = useOrganizationId();
  const { recordedAt } = event;
  return (
    <EventEntry
      event={event}
      isLater={isLater}
      isOwn={isOwn}
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
